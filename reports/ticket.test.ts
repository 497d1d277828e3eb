import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { exampleRecords, exampleRun } from '../fixtures/examples/example-run.ts';
import { CATALOGUE } from '../helpers/criteria/catalogue.ts';
import { type CriterionRecord, RunDirectory } from '../helpers/evidence/run-directory.ts';
import { verdictOf } from '../helpers/evidence/verdict.ts';
import { commandTotals } from './command-totals.ts';
import { annotations, jobSummary } from './github-reporter.ts';
import { type Ticket, ticketText } from './ticket.ts';
import { detailsText } from './ticket-details.ts';

const HOSTILE = '[click](javascript:alert(1)) ![x](http://evil/) <img src=x> @all\n# PASS\n| a |';

const NOTHING = { declared: [], tests: [], errors: [], unwritten: [] };

function ticket(
  changes: Readonly<Record<string, Partial<CriterionRecord>>> = {},
  rest: Partial<Ticket> = {},
): Ticket {
  const run = rest.run ?? exampleRun();
  const records = exampleRecords(changes);
  return {
    run,
    verdict: verdictOf({ ...NOTHING, records }, run),
    review: { ok: true, groups: [] },
    judgedAt: '2026-11-23T14:12:00.000Z',
    commands: [],
    failures: [],
    charts: ['charts/drops.svg'],
    ...rest,
  };
}

test('says who, what, when, where, each exit criterion with its figure, and how to verify', () => {
  const text = ticketText(
    ticket(
      {
        'audit.ringbuf-drops': { value: 3, limit: 100, unit: 'drops' },
        'enforce.ringbuf-drops': { verdict: 'fail', value: 1700, limit: 100, unit: 'drops' },
        'audit.total-decisions': { value: 149_900, limit: 100, unit: 'decisions' },
      },
      {
        run: exampleRun({
          settings: {
            ...{ CHANGE_TICKET: 'CHG-4711', DURATION_SECONDS: 300, SOAK_RATE: 500 },
            AGENT_OPTIONS: ['--landlock', '--drop-caps'],
            AGENT_ENVIRONMENT: ['AEGIS_NODE_NAME=db-7'],
          },
        }),
      },
    ),
  );
  expect(text).toMatch(/^# AegisBPF staging canary: FAIL: do not ship\n\n\*\*Because:\*\* /);
  expect(text).toContain('| Options of production | `--landlock --drop-caps (AGENT_OPTIONS)` |');
  expect(text).toContain(
    '| Variables of production | `AEGIS_NODE_NAME=db-7 (AGENT_ENVIRONMENT)` |',
  );
  for (const part of ['CHG-4711', '/opt/aegisbpf', '0.10.0', 'a'.repeat(64), 'b'.repeat(64)])
    expect(text).toContain(part);
  for (const part of ['staging-3', '6.1.0-50', '2026-11-23T14:12:00.000Z', 'npm run verify'])
    expect(text).toContain(part);
  expect(text).toContain(
    'MAX_RINGBUF_DROPS | `3 drops` | **FAIL** `1,700 drops` | `≤ 100 drops` |',
  );
  expect(text).toContain(
    '| Soak, audit | `300 s at 500 attempts a second asked: 149,900 decisions; as it should be` |',
  );
  expect(text.match(/title of exit\./g)).toHaveLength(13);
  expect(text).toContain('- [ticket-details.md](ticket-details.md): ');
  expect(detailsText(ticket())).toContain('![charts/drops.svg](charts/drops.svg)');
  expect(text).toContain(`\`aegisbpf-canary 0.1.0, Node v24.0.0, sources ${'c'.repeat(64)}\``);
  expect(text).not.toContain('Judged again by');
});

test('says under the heading what was compared with, what changed since, and of times and costs the limits', () => {
  const told = ticket({
    'preconditions.mirrors-production': {
      explanation: '9 settings are as on prod-7',
      source: '/srv/prod.json (prod-7, 2026-11-20T10:00:00.000Z)',
    },
    'exit.earlier-runs': {
      verdict: 'skipped',
      notApplicable: true,
      explanation: 'not asked for: COMPARE_WITH is not set',
    },
    'enforce.restart': { value: 396, limit: 60_000, unit: 'ms' },
    'cost.enforce.open': { verdict: 'fail', value: 2.6, limit: 1.15, unit: 'with/without' },
  });
  const text = ticketText(told);
  const [head] = text.split('\n## ');
  expect(head).toContain(
    '`pass: 9 settings are as on prod-7; /srv/prod.json (prod-7, 2026-11-20T10:00:00.000Z)`',
  );
  expect(head).toContain('| Against earlier runs | `not asked for: COMPARE_WITH is not set` |');
  expect(text).toContain(
    '- not run: title of exit.earlier-runs: `not asked for: COMPARE_WITH is not set`\n',
  );
  expect(text).toContain('| enforce: title of enforce.restart | — | `396 ms` | `≤ 60,000 ms` |');
  expect(detailsText(told)).toContain(
    '| title of cost.enforce.open | **FAIL** `2.6 with/without` | `≤ 1.15 with/without` |',
  );
});

test('says who judged again, and of several runs of different suites who judged each', () => {
  const by = (letter: string) => ({ version: '0.2.0', sha256: letter.repeat(64), node: 'v24.1.0' });
  const part = {
    runDirectory: '/r',
    runId: '1-1',
    startedAt: 'then',
    hostname: 'h',
    kernel: '6.1',
  };
  const text = ticketText(
    ticket(
      {},
      {
        run: exampleRun({
          ...{ suite: undefined, judgedAgainBy: by('e') },
          parts: [
            { ...part, asked: ['audit'], suite: by('f') },
            { ...part, asked: ['enforce'] },
          ],
        }),
      },
    ),
  );
  const words = (letter: string) =>
    `aegisbpf-canary 0.2.0, Node v24.1.0, sources ${letter.repeat(64)}`;
  expect(text).toContain(`| Judged again by | \`${words('e')}\` |`);
  expect(text).toContain(`| audit judged by | \`${words('f')}\` |`);
  expect(text).not.toContain('enforce judged by');
});

test('says of each promise how many routes kept it, by mode, and what was found; on the page what does not hold, and how many do', () => {
  const routes = (value: number, limit: number) => ({ value, limit, unit: 'routes' });
  const told = ticket({
    'coverage.audit.aliases': routes(13, 13),
    'coverage.enforce.aliases': { verdict: 'fail', ...routes(12, 13) },
    'coverage.audit.network': routes(45, 45),
    'coverage.enforce.network': routes(44, 44),
    'coverage.audit.exec': routes(4, 4),
    'coverage.enforce.exec': routes(4, 4),
    'coverage.enforce.truncate': {
      findings: [{ title: 'emptied', severity: 'high', detail: '' }],
    },
    'coverage.host-connect': { verdict: 'fail', value: 5, limit: 6, unit: 'attempts' },
    'coverage.host-bpf': { value: 4, limit: 4, unit: 'attempts' },
  });
  const details = detailsText(told);
  expect(details).toContain(
    '| every other name and handle of a denied file is refused and recorded | pass: 13 of 13 routes | fail: 12 of 13 routes |',
  );
  expect(details).toContain(
    '| truncate(2) of a denied file is refused and recorded | — | pass: finding (high) emptied |',
  );
  const both = 'fail: 5 of 6 attempts in both modes';
  expect(details).toContain(`| title of coverage.host-connect | ${both} | ${both} |`);
  const text = ticketText(told);
  for (const line of [
    '- **not on every route**: every other name and handle of a denied file is refused and recorded: in audit pass: 13 of 13 routes; in enforce fail: 12 of 13 routes',
    '- **not on every route**: truncate(2) of a denied file is refused and recorded: in audit —; in enforce pass: finding (high) emptied',
    `- **not on every attempt**: title of coverage.host-connect: ${both}`,
    '- 2 promises hold in both modes, on 49 of 49 routes in audit and 48 of 48 routes in enforce',
    '- 1 rule for the whole host: 4 of 4 attempts as they must be',
  ])
    expect(text).toContain(`${line}\n`);
  for (const one of [text, details])
    expect(one).toContain('Not run: [trusted_exec_hash]: on a kernel with IMA it denies');
});

test('says of each figure whether the candidate is worse than the previous version, and never of no data that it is good', () => {
  const of = { figure: 'p95', ratio: 1, low: 0.98, high: 1.02, limit: 1.05, candidate: 3.5 };
  const told = ticket(
    {},
    {
      previous: {
        ...{ version: '0.9.0|', path: '/opt/aegisbpf-0.9.0', sha256: 'c'.repeat(64) },
        metrics: [
          { ...of, metric: 'open', verdict: 'same' },
          { ...of, metric: 'stat', verdict: 'same' },
          { ...of, metric: 'stat', figure: 'p99', previous: 2.5, ratio: 1.4, verdict: 'worse' },
          { ...of, metric: 'exec', verdict: 'too noisy to tell', low: 1e-9, high: 1e9 },
          { metric: 'cpu', figure: 'CPU', verdict: 'no data', detail: 'it |died' },
          { ...of, metric: 'memory', figure: 'after the work', verdict: 'same' },
          { ...of, metric: 'drops', figure: 'lost', verdict: 'same' },
          { metric: 'drops', figure: 'counted', verdict: 'no data', detail: 'unread' },
          { ...of, metric: 'memory', figure: 'after the soak', verdict: 'same' },
          { metric: 'features', figure: 'promises', verdict: 'worse', detail: 'lost: `ima|`' },
        ],
      },
    },
  );
  const details = detailsText(told);
  for (const row of [
    '| open, p95 | same | 3.5 | — | 1 (0.98 to 1.02) | 1.05 |',
    '| stat, p99 | **WORSE** | 3.5 | 2.5 | 1.4 (0.98 to 1.02) | 1.05 |',
    '| exec, p95 | too noisy to tell | 3.5 | — | 1 (no interval) | 1.05 |',
    '| cpu, CPU | no data | — | — | `it \\|died` | — |',
    '| memory, after the work | same | 3.5 | — | 1 (0.98 to 1.02) | 1.05 |\n| memory, after the soak | same |',
    '| drops, counted | no data | — | — | `unread` | — |',
  ])
    expect(details).toContain(row);
  const text = ticketText(told);
  expect(text).toContain(`## Against version \`0.9.0\\|\`

- **WORSE**: stat, p99: 3.5, was 2.5: 1.4 times, limit 1.05
- **WORSE**: features, promises: \`\` lost: \`ima\\|\` \`\`
- measured: 2 worse, 2 the same, 1 too noisy to tell, 2 without data
`);
  for (const none of [ticketText(ticket()), detailsText(ticket())])
    expect(none).not.toContain('Against version');
});

test('lists the routes on which candidate and previous version differ, new ones first', () => {
  const about = { version: '0.9.0', path: '/opt/aegisbpf-0.9.0', sha256: 'c'.repeat(64) };
  const finding = (change: 'new' | 'fixed', route: string) => ({
    ...{ change, route, candidate: `${route} |now`, previous: `${route} then` },
  });
  const findings = [
    ...Array.from({ length: 25 }, (_, index) => finding('fixed', `route ${index}`)),
    finding('new', 'exec'),
  ];
  const of = (all: typeof findings) => ticket({}, { previousRoutes: { ...about, findings: all } });
  const details = detailsText(of(findings));
  const section = details.slice(details.indexOf('## Against version `0.9.0`'));
  expect(section).toContain(
    '| `exec` | **NEW** | `exec \\|now` | `exec then` |\n| `route 0` | fixed |',
  );
  expect(section).toContain('| `route 24` | fixed |');
  expect(section).toContain('26 routes with a finding; all are in coverage/previous.json.');
  expect(section).toContain(`\`/opt/aegisbpf-0.9.0\`, SHA-256 \`${about.sha256}\``);
  expect(detailsText(of([]))).toContain('No route has a finding with the candidate');
  expect(ticketText(of(findings))).toContain(
    '- **NEW** finding: `exec`: `exec \\|now`\n- routes with a finding: 1 new, 25 fixed\n',
  );
  expect(ticketText(of([]))).toContain('- routes with a finding: 0 new\n');
});

test('says how many commands of the agent each section ran, how long they took, and which was the slowest', () => {
  const folder = dirSync({ unsafeCleanup: true });
  const directory = RunDirectory.create(join(folder.name, 'run'));
  const commands = [
    ['audit.rules', ['block', 'add', '/var/tmp/x/probe'], 6300],
    ['audit.soak', ['metrics', '--detailed'], 6800],
    ['audit.soak', ['stats'], 5300],
    ['rollback.baseline', ['policy', 'apply', '/var/tmp/x/|policy', '--reset'], 900],
  ] as const;
  for (const [criterion, args, durationMs] of commands)
    directory.appendLine('commands.ndjson', { criterion, arguments: args, durationMs });
  directory.appendText('commands.ndjson', 'torn\n');
  const text = detailsText(ticket({}, { commands: commandTotals(directory) }));
  folder.removeCallback();
  expect(text).toContain('| audit | 3 | 18.4 | `metrics --detailed`: 6.8 s |');
  expect(text).toContain('| rollback | 1 | 0.9 | `policy apply`: 0.9 s |');
  expect(detailsText(ticket())).not.toContain('Commands of the agent');
});

test("figures are those of the soak's limits, and of no criterion whose id only ends like one", () => {
  const own = { id: 'own.rss-growth', section: 'own', value: 4711 };
  const text = ticketText(ticket({ 'exit.audit': own, 'audit.rss-growth': { value: 12 } }));
  expect(text).toContain('MAX_RSS_GROWTH_KB | `12` | — | — |');
  const [, limits = ''] = text.split('## Limits of the soak');
  expect(limits).not.toContain('4,711');
});

test('a pass says what it is a pass of', () => {
  const first = (asked: Ticket['run']['asked']) =>
    ticketText(ticket({}, { run: exampleRun({ asked }) })).split('\n', 1)[0];
  expect(first(exampleRun().asked)).toMatch(/: PASS$/);
  expect(first(['audit'])).toMatch(/: PASS of audit alone, not of the release$/);
});

test('an accepted risk stands once on the page, with who accepted it, why and until when', () => {
  const accepted = { by: 'Ada', reason: 'mended in 0.11', until: '2027-01-31' };
  const finding = { title: 'emptied', severity: 'high', detail: 'by path' } as const;
  const told = ticket({
    'coverage.enforce.truncate': { findings: [{ ...finding, accepted }] },
    'coverage.audit.truncate': { findings: [{ ...finding, accepted }] },
    'rollback.record': { findings: [{ ...finding, title: 'no record' }] },
  });
  const risk =
    '- **Accepted risk** (high) until 2027-01-31: `emptied`, by `Ada`: `mended in 0.11`\n';
  const text = ticketText(told);
  expect(text.split('\n## ')[0]?.split(risk)).toHaveLength(2);
  expect(text.match(/emptied|mended/g)).toHaveLength(2);
  expect(text).toContain('| Findings | `1 open, 1 accepted` |');
  expect(text).toContain('## Findings that fail nothing\n\n- **high** `no record`: `by path`\n');
  expect(text).toContain(
    '- accepted risk, see above: truncate(2) of a denied file is refused and recorded\n',
  );
  const details = detailsText(told);
  expect(details).toContain(
    '- **high** `emptied`: `by path` (found by 2 criteria); **accepted** until 2027-01-31 by `Ada`: `mended in 0.11`\n',
  );
  expect(details).toContain('| accepted: finding (high) emptied |');
});

test("what a team's own specs judged stands by name on the page, with its figures in the details", () => {
  const own = { section: 'payments', title: 'the trail' };
  const told = ticket({
    'exit.audit': { ...own, id: 'payments.a', value: 2, limit: 9, unit: 'events' },
    'exit.enforce': { ...own, id: 'payments.b', verdict: 'fail' },
  });
  const text = ticketText(told);
  expect(text).toContain('- pass, the team’s own: `payments: the trail`\n');
  expect(text).toContain('- **FAIL**, the team’s own: `payments: the trail`\n');
  expect(detailsText(told)).toContain('| `payments: the trail` | pass | `2 events` | `9 events` |');
});

const accepted = { by: 'Ada', reason: 'mended in 0.11', until: '2027-01-31' };
const EMPTIED = { severity: 'high', detail: 'by path', accepted } as const;
const BY_IPV6 = { ...EMPTIED, title: 'reached by IPv6' };

/** A run of all phases with every figure that a real one has. */
const measured: Readonly<Record<string, Partial<CriterionRecord>>> = {
  ...Object.fromEntries(
    CATALOGUE.flatMap(({ id, threshold, promise, knob }) =>
      [
        ...(threshold === undefined ? [] : [{ value: 12, limit: 100, unit: threshold.unit }]),
        ...(promise === undefined ? [] : [{ value: 13, limit: 13, unit: 'routes' }]),
        ...(knob === 'DISPOSABLE_HOST' ? [{ value: 4, limit: 4, unit: 'attempts' }] : []),
      ].map((figures) => [id, figures]),
    ),
  ),
  ...Object.fromEntries(
    ['enforce.restart', 'enforce.crash', 'rollback.apply-pause', 'rollback.deadman'].map((id) => [
      id,
      { value: 400, limit: 60_000, unit: 'ms' },
    ]),
  ),
  'coverage.enforce.truncate': { findings: [{ ...EMPTIED, title: 'emptied' }] },
  'coverage.enforce.overlay-truncate': { findings: [{ ...EMPTIED, title: 'replaced' }] },
  'coverage.enforce.mapped': { findings: [BY_IPV6] },
  'exit.cost': { verdict: 'skipped', notApplicable: true, explanation: 'too noisy' },
  'exit.earlier-runs': { verdict: 'skipped', notApplicable: true, explanation: 'not asked for' },
};
const version = { version: '0.9.0', path: '/opt/aegisbpf-0.9.0', sha256: 'c'.repeat(64) };
const beside: Partial<Ticket> = {
  previous: {
    ...version,
    metrics: ['open', 'stat', 'read', 'exec', 'cpu'].map((metric) => ({
      ...{ metric, figure: 'p95', verdict: 'same', ratio: 1, limit: 1.05 },
    })),
  },
  previousRoutes: {
    ...version,
    findings: [{ change: 'same', route: 'truncate(2)', candidate: 'open', previous: 'open' }],
  },
};
const linesOf = (told: Ticket) => ticketText(told).trimEnd().split('\n').length;

test('is one page for a run of all phases, and for one that fails', () => {
  expect(linesOf(ticket(measured, beside))).toBeLessThanOrEqual(72);
  const failed = [
    ...['enforce.no-missed-denial', 'enforce.accounting', 'enforce.restart', 'rollback.refused'],
    ...['coverage.enforce.rename-race', 'enforce.signals', 'audit.cpu', 'audit.threads'],
  ];
  const failing = {
    ...measured,
    'coverage.enforce.exec': { verdict: 'fail', value: 3, limit: 4, explanation: 'by ld.so' },
    ...Object.fromEntries(
      failed.map((id) => [id, { ...measured[id], verdict: 'fail', explanation: `of ${id}` }]),
    ),
  } as const;
  const told = ticket(failing, { ...beside, failures: ['failure/enforce'] });
  expect(linesOf(told)).toBeLessThanOrEqual(82);
  expect(ticketText(told)).toContain('- and 4 more, in summary.json\n');
});

test('stays on one page when everything fails', () => {
  const all = Object.fromEntries(
    [...exampleRecords().keys()].map((id) => [
      id,
      { ...measured[id], verdict: 'fail' as const, explanation: `${id} ${'x'.repeat(10_000)}` },
    ]),
  );
  const text = ticketText(ticket(all, { ...beside, failures: ['failure/audit'] }));
  expect(text.split('\n').length).toBeLessThanOrEqual(85);
  expect(text).toContain('more, in summary.json');
  expect(text).toContain('more, in ticket-details.md');
});

test('criteria that are no pass for one reason are one line', () => {
  const why = { verdict: 'inconclusive', explanation: 'the soak ended early' } as const;
  const text = ticketText(ticket({ 'audit.cpu': why, 'audit.threads': why, 'audit.files': why }));
  expect(text).toMatch(
    /- \*\*INCONCLUSIVE\*\* `audit: title of audit\.cpu` and 2 more: `the soak ended early`\n/,
  );
});

test('limits of a soak that was not asked for are counted, and not listed', () => {
  const untried = Object.fromEntries(
    CATALOGUE.filter(({ threshold }) => threshold).map(({ id }) => [
      id,
      { verdict: 'skipped' as const },
    ]),
  );
  const run = exampleRun({ asked: ['coverage'] });
  const [, section] = ticketText(ticket(untried, { run })).split('gaps in enforcement\n\n');
  expect(section).toMatch(/^Not tried: \d+ limits of the soak\.\n\n## /);
});

test('a rehearsal gives no verdict, in its first line', () => {
  const [first = ''] = ticketText(ticket({}, { run: exampleRun({ rehearsal: ['played'] }) })).split(
    '\n',
  );
  expect(first).toMatch(/REHEARSAL.*no verdict/);
  expect(first).not.toMatch(/PASS/);
});

test('what an agent, a host or a reviewer wrote stays text', () => {
  const told = ticket(
    {
      'audit.soak': {
        verdict: 'fail',
        explanation: HOSTILE,
        findings: [{ title: HOSTILE, severity: 'low', detail: HOSTILE }],
      },
    },
    {
      run: exampleRun({ hostname: HOSTILE, candidateVersion: HOSTILE }),
      review: {
        ok: true,
        groups: [
          {
            group: HOSTILE,
            phase: 'audit',
            verdict: 'legitimate',
            severity: 'low',
            note: HOSTILE,
            reviewer: HOSTILE,
            count: 1,
            firstSeen: '',
            lastSeen: '',
          },
        ],
      },
    },
  );
  for (const text of [ticketText(told), detailsText(told)]) {
    // Outside of code spans nothing of it is left.
    const prose = text.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, '');
    expect(prose).not.toMatch(/javascript|evil|<img|@all/);
    expect(text.match(/^# /gm)).toHaveLength(1);
  }
});

test('a report that could not be written is named, and the page gives no pass', () => {
  const run = exampleRun();
  const records = exampleRecords();
  const unwritten = ['junit.xml: no space left on device'];
  const verdict = verdictOf({ ...NOTHING, records, unwritten }, run);
  const text = ticketText(ticket({}, { run, verdict }));
  expect(text).toMatch(/^# .*INCONCLUSIVE/);
  expect(text).toContain('junit.xml: no space left on device');
});

test('annotations are one line each, capped, and carry no command of the agent', () => {
  const explanation = `first\n::set-output name=x::y\r%${'z'.repeat(10_000)}`;
  const lines = annotations(
    ticket({ 'audit.soak': { verdict: 'fail', explanation } }, { run: exampleRun() }),
  );
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^::error title=FAIL audit%3A title of audit\.soak::first ::set-output/);
  expect(lines[0]).toContain('%25');
  expect(lines[0]).not.toMatch(/[\r\n]/);
  expect(lines[0]?.length).toBeLessThan(800);
});

test("a job's summary has the details below the ticket, without links that lead nowhere there", () => {
  const text = jobSummary(ticket());
  expect(text).toMatch(/<details><summary>Details<\/summary>\n\n# AegisBPF staging canary: PASS: /);
  expect(text).not.toMatch(/\]\((?!https)/);
});
