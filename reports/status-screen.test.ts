import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CATALOGUE } from '../helpers/criteria/catalogue.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import { type VerdictEvidence, verdictOf } from '../helpers/evidence/verdict.ts';
import type { Phase } from '../helpers/settings/settings.ts';
import { statusScreen } from './status-screen.ts';

const run = {
  rehearsal: [],
  asked: ['audit', 'enforce', 'coverage', 'cost', 'rollback'] as const,
  candidatePath: '/opt/build/aegisbpf',
  candidateSha256: 'ab'.repeat(32),
  hostname: 'staging-3',
};

/** A run that passed in all but these. */
function screen(
  changes: Record<string, Partial<CriterionRecord>>,
  rehearsal: string[] = [],
  beside: Partial<VerdictEvidence> = {},
  asked: readonly Phase[] = run.asked,
) {
  const ids: string[] = CATALOGUE.map(({ id }) => id);
  const records = new Map(
    ids.map((id): [string, CriterionRecord] => [
      id,
      {
        id,
        section: id.slice(0, id.indexOf('.')),
        title: `title of ${id}`,
        at: '2026-11-23T14:00:00.000Z',
        durationMs: 1,
        verdict: 'pass',
        explanation: 'fine',
        ...changes[id],
      },
    ]),
  );
  const nothing = { declared: [], tests: [], errors: [], unwritten: [] };
  const verdict = verdictOf({ records, ...nothing, ...beside }, { asked, rehearsal });
  return statusScreen(verdict, { ...run, asked, rehearsal }, '/var/out/run-1');
}

test('a pass is one short screen', () => {
  expect(screen({})).toMatchInlineSnapshot(`
    "──────────────────────────────────────────────────────────────────────────────
     AegisBPF staging canary
     PASS: every criterion held.
    ──────────────────────────────────────────────────────────────────────────────
     phases        audit, enforce, coverage, cost, rollback
     candidate     /opt/build/aegisbpf
     SHA-256       abababababababababababababababababababababababababababababababab
     host          staging-3
     criteria      291 passed, 0 failed, 0 inconclusive, 0 not judged
     evidence      /var/out/run-1
     read first    ticket.md: the whole run on one page
     next          npm run verify -- /var/out/run-1
    ──────────────────────────────────────────────────────────────────────────────
    "
  `);
});

test('a pass of some phases is none of the release', () => {
  const text = screen({}, [], {}, ['audit', 'rollback']);
  expect(text).toContain('\n PASS of audit and rollback alone, not of the release.\n');
  expect(text).toContain('\n not run       enforce, coverage, cost\n');
});

test('an accepted risk is told with who accepted it and until when', () => {
  const accepted = { by: 'Ada', reason: 'mended in 0.11', until: '2027-01-31' };
  const findings = [{ title: 'emptied', severity: 'high' as const, detail: 'by path', accepted }];
  const text = screen({
    'coverage.audit.truncate': { findings },
    'coverage.enforce.truncate': { findings },
  });
  expect(text.match(/^ accepted {6}emptied \(high\), until 2027-01-31 by Ada$/gm)).toHaveLength(1);
});

test('decisions that await a review have that as the next command, whole', () => {
  const text = screen({ 'exit.false-positives': { verdict: 'inconclusive' } });
  expect(text).toContain('\n next          npm run review -- /var/out/run-1\n');
});

test('a review that is open only for what came before it is not the next command', () => {
  const text = screen({
    'audit.review-notes': { verdict: 'inconclusive' },
    'exit.false-positives': { verdict: 'inconclusive', follows: 'audit.review-notes' },
  });
  expect(text).toContain('\n next          less /var/out/run-1/ticket.md\n');
});

test('a rehearsal says so, and never that it passed', () => {
  const text = screen({}, ['the candidate is the stand-in agent']);
  expect(text).toContain('REHEARSAL, all checks green');
  expect(text).not.toContain('PASS');
});

test('causes come before what follows from them, with value, limit and unit', () => {
  const text = screen({
    'enforce.ringbuf-drops': {
      verdict: 'fail',
      value: 700,
      limit: 100,
      unit: 'drops',
      explanation: '700 drops in 300 s',
    },
    'enforce.rss-growth': { verdict: 'skipped', explanation: 'depends on "the soak"' },
    'enforce.signals': { verdict: 'skipped', explanation: 'depends on "the soak"' },
    'exit.enforce': { verdict: 'fail', explanation: '1 of 22 criteria failed' },
    'exit.thresholds': { verdict: 'inconclusive', explanation: 'not all' },
  });
  expect(text).toMatchInlineSnapshot(`
    " FAIL          title of enforce.ringbuf-drops (enforce.ringbuf-drops)
                   measured 700 drops, limit ≤ 100 drops
                   700 drops in 300 s
     follows       FAIL: exit.enforce
     follows       INCONCLUSIVE: exit.thresholds
     NOT TRIED     2 criteria: depends on "the soak"

    ──────────────────────────────────────────────────────────────────────────────
     AegisBPF staging canary
     FAIL: do not ship.
    ──────────────────────────────────────────────────────────────────────────────
     because       enforce.ringbuf-drops: 700 drops in 300 s
     phases        audit, enforce, coverage, cost, rollback
     candidate     /opt/build/aegisbpf
     SHA-256       abababababababababababababababababababababababababababababababab
     host          staging-3
     criteria      286 passed, 2 failed, 1 inconclusive, 2 not judged
     evidence      /var/out/run-1
     read first    ticket.md: the whole run on one page
     next          less /var/out/run-1/ticket.md
    ──────────────────────────────────────────────────────────────────────────────
    "
  `);
});

test('what one dead agent left without evidence is one counted line that says where each stands', () => {
  const follows = { verdict: 'inconclusive', follows: 'audit.alive' } as const;
  const text = screen({
    'audit.alive': { verdict: 'fail', value: 'dead', limit: 'alive' },
    ...Object.fromEntries(['soak', 'stop', 'cpu'].map((name) => [`audit.${name}`, follows])),
  });
  expect(text).toContain('found dead, required alive');
  expect(text).toContain('\n follows       3 INCONCLUSIVE from audit.alive, each in canary.log\n');
});

test('forty causes with long reasons leave room for the answer: what does not fit is counted', () => {
  const ids = CATALOGUE.slice(40, 80).map(({ id }) => id);
  const changes = ids.map((id): [string, Partial<CriterionRecord>] => [
    id,
    { verdict: 'fail', explanation: `${id} ${'and so on '.repeat(60)}`, value: 2, limit: 1 },
  ]);
  const text = screen(Object.fromEntries(changes));
  expect(text.split('\n').length).toBeLessThanOrEqual(65);
  const shown = text.match(/^ FAIL {2}/gm)?.length ?? 0;
  expect(shown).toBeGreaterThan(3);
  expect(text).toContain(` … and ${40 - shown} more in summary.json\n`);
});

test('criteria that are open for one reason are told together', () => {
  const cut = { verdict: 'inconclusive' as const, explanation: 'the soak ended early' };
  const text = screen({ 'audit.rss-growth': cut, 'audit.cpu': cut });
  expect(text).toContain(' INCONCLUSIVE  audit.rss-growth, audit.cpu\n');
  expect(text.match(/^ {15}the soak ended early$/gm)).toHaveLength(1);
});

test('roll-ups are shown in full when nothing else is open', () => {
  const text = screen({
    'exit.enforce': { verdict: 'inconclusive', explanation: 'kill is no pass' },
  });
  expect(text).toContain('kill is no pass');
});

test('agent text never reaches a terminal raw, and no line is wider than 80 columns', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u001b[2J\u0007', '\u009b31m', '\ud800', 'a\u202eb', 'x'.repeat(1_000_000)),
  );
  fc.assert(
    fc.property(
      hostile,
      fc.constantFrom('fail', 'inconclusive', 'skipped' as const),
      (text, verdict) => {
        const drawn = screen({
          'audit.accounting': { verdict, explanation: text, value: text, limit: text, title: text },
        });
        expect(drawn).toMatch(/^(?:\n|[^\p{Cc}\p{Cf}\p{Cs}])*$/u);
        for (const line of drawn.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
        expect(drawn.split('\n').length).toBeLessThan(60);
      },
    ),
  );
});

test('what many leave out for reasons with figures of their own is told together, a few reasons one by one', () => {
  const skipped = (explanation: string) =>
    ({ verdict: 'skipped', notApplicable: true, explanation }) as const;
  const pieces = ['open', 'stat', 'read', 'exec'].flatMap((piece) =>
    ['audit', 'enforce'].map((mode) => `cost.${mode}.${piece}`),
  );
  const text = screen({
    ...Object.fromEntries(
      pieces.map((id, index) => [id, skipped(`this host is too noisy to tell: ${index} %`)]),
    ),
    'enforce.headroom': skipped('not asked for: HEADROOM is off'),
    'audit.network': skipped('not asked for: SOAK_CONNECT is off'),
  });
  expect(text.match(/not run/g)).toHaveLength(3);
  expect(text.replace(/\s+/g, ' ')).toContain(
    '8 criteria (cost.audit.open, …): this host is too noisy to tell; summary.json has each',
  );
  for (const knob of ['HEADROOM', 'SOAK_CONNECT'])
    expect(text).toContain(`: not asked for: ${knob} is off`);
  // Under a failure one line is enough.
  const failed = screen({
    'audit.network': skipped('not asked for: SOAK_CONNECT is off'),
    'enforce.headroom': skipped('not asked for: HEADROOM is off'),
    'audit.alive': { verdict: 'fail' },
  });
  expect(failed).toContain('\n not run       2 criteria; summary.json has each with its reason\n');
});
