import { appendFileSync } from 'node:fs';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { requiredCriteria } from '../criteria/scope.ts';
import type { Phase } from '../settings/settings.ts';
import { type CriterionRecord, RunDirectory } from './run-directory.ts';
import { runVerdict, type VerdictEvidence, verdictOf } from './verdict.ts';

const isOf = (phase: Phase) => (id: string) => id.startsWith(`${phase}.`) || id === `exit.${phase}`;
const all: readonly Phase[] = ['audit', 'enforce', 'coverage', 'cost', 'rollback'];

function records(
  asked: readonly Phase[],
  changes: Record<string, CriterionRecord['verdict'] | 'missing'> = {},
): ReadonlyMap<string, CriterionRecord> {
  const verdicts = {
    ...Object.fromEntries(requiredCriteria(asked).map((id) => [id, 'pass'])),
    ...changes,
  };
  return new Map(
    Object.entries(verdicts).flatMap(([id, verdict]) =>
      verdict === 'missing'
        ? []
        : [
            [
              id,
              {
                id,
                section: id.split('.')[0] ?? '',
                title: id,
                at: '',
                durationMs: 0,
                verdict: verdict as CriterionRecord['verdict'],
                explanation: '',
              },
            ],
          ],
    ),
  );
}

const NOTHING = { declared: [], tests: [], errors: [], unwritten: [] };

const statusOf = (
  changes: Parameters<typeof records>[1],
  beside: Partial<VerdictEvidence> = {},
  rehearsal: string[] = [],
) =>
  verdictOf({ records: records(all, changes), ...NOTHING, ...beside }, { asked: all, rehearsal });

test('a run passes when every criterion passed', () => {
  expect(statusOf({})).toMatchObject({
    status: 'pass',
    green: true,
    causes: [],
    follows: [],
    missing: [],
    notPassed: [],
    errors: [],
    unwritten: [],
  });
});

test('each single criterion that is missing keeps the run from passing', () => {
  for (const id of requiredCriteria(all)) {
    expect(statusOf({ [id]: 'missing' })).toMatchObject({
      status: 'inconclusive',
      green: false,
      missing: [id],
    });
  }
});

test('a run without any record is inconclusive', () => {
  expect(verdictOf({ records: new Map(), ...NOTHING }, { asked: all, rehearsal: [] }).status).toBe(
    'inconclusive',
  );
});

test('each single criterion that was skipped for an unmet need keeps the run from passing', () => {
  for (const id of requiredCriteria(all)) {
    expect(statusOf({ [id]: 'skipped' })).toMatchObject({ status: 'inconclusive', green: false });
  }
});

test('a failure outweighs what is inconclusive or missing, and is listed first', () => {
  const status = statusOf({
    'preflight.health': 'inconclusive',
    'audit.soak': 'skipped',
    'exit.audit': 'fail',
    'exit.rollback': 'missing',
  });
  expect(status.status).toBe('fail');
  expect(status.causes.map(({ id }) => id)).toEqual(['preflight.health']);
  expect(status.follows.map(({ id }) => id)).toEqual(['exit.audit', 'audit.soak']);
});

test('what follows from another criterion is told as its consequence, while that one is open', () => {
  const recorded = new Map(
    records(all, { 'audit.alive': 'fail', 'audit.stop': 'inconclusive', 'audit.soak': 'fail' }),
  );
  const of = (id: string) => recorded.get(id) ?? foreign({ id });
  recorded.set('audit.stop', { ...of('audit.stop'), follows: 'audit.alive' });
  const judged = () => verdictOf({ records: recorded, ...NOTHING }, { asked: all, rehearsal: [] });
  const ids = (list: readonly CriterionRecord[]) => list.map(({ id }) => id);
  expect(ids(judged().causes)).toEqual(['audit.soak', 'audit.alive']);
  expect(ids(judged().follows)).toEqual(['audit.stop']);
  recorded.set('audit.alive', { ...of('audit.alive'), verdict: 'pass' });
  expect(ids(judged().causes)).toEqual(['audit.soak', 'audit.stop']);
});

test('a rehearsal never says pass', () => {
  expect(statusOf({}, {}, ['played'])).toMatchObject({
    status: 'rehearsal: all checks green',
    green: true,
  });
  expect(statusOf({ 'audit.soak': 'fail' }, {}, ['played']).status).toBe('rehearsal: fail');
  expect(statusOf({ 'audit.soak': 'missing' }, {}, ['played']).status).toBe(
    'rehearsal: inconclusive',
  );
});

test.each(all)('a run of only the %s phase needs nothing of the others', (phase) => {
  const asked = [phase];
  expect(verdictOf({ records: records(asked), ...NOTHING }, { asked, rehearsal: [] }).status).toBe(
    'pass',
  );
  for (const other of all.filter((one) => one !== phase)) {
    expect(requiredCriteria(asked).filter(isOf(other))).toEqual([]);
  }
});

test("a rollback alone needs no soak's exit criteria, an audit alone does", () => {
  expect(requiredCriteria(['rollback'])).not.toContain('exit.thresholds');
  expect(requiredCriteria(['audit'])).toContain('exit.thresholds');
});

test('what has no subject here is no gap, and what was merely skipped is one', () => {
  const recorded = new Map(records(all, { 'rollback.deadman': 'skipped' }));
  expect(verdictOf({ records: recorded, ...NOTHING }, { asked: all, rehearsal: [] }).status).toBe(
    'inconclusive',
  );
  const record = recorded.get('rollback.deadman');
  if (record === undefined) throw new Error('no such record');
  recorded.set(record.id, { ...record, notApplicable: true });
  expect(verdictOf({ records: recorded, ...NOTHING }, { asked: all, rehearsal: [] }).status).toBe(
    'pass',
  );
});

const foreign = (changes: Partial<CriterionRecord>): CriterionRecord => ({
  ...{ id: 'audit.own', section: 'audit', title: 'our own check', at: '', durationMs: 0 },
  ...{ verdict: 'pass', explanation: '' },
  ...changes,
});
const withForeign = (changes: Partial<CriterionRecord>) =>
  statusOf({}, { records: new Map([...records(all), ['audit.own', foreign(changes)]]) });

test('a criterion that the runbook does not know counts like those that it knows', () => {
  expect(withForeign({}).status).toBe('pass');
  expect(withForeign({ verdict: 'fail' }).status).toBe('fail');
  expect(withForeign({ verdict: 'inconclusive' }).status).toBe('inconclusive');
  expect(withForeign({ verdict: 'skipped' }).status).toBe('inconclusive');
  expect(withForeign({ verdict: 'skipped', notApplicable: true }).status).toBe('pass');
  expect(withForeign({ verdict: 'fail' }).causes.map(({ id }) => id)).toEqual(['audit.own']);
});

test('a criterion that was declared and has no record was not judged', () => {
  const declared = [
    { kind: 'criterion' as const, spec: 'canary/6.spec.ts', ...foreign({}) },
    { kind: 'criterion' as const, spec: 'canary/6.spec.ts', ...foreign({ id: 'enforce.own' }) },
  ];
  expect(statusOf({}, { declared })).toMatchObject({
    status: 'inconclusive',
    missing: ['audit.own', 'enforce.own'],
  });
  const asked = ['audit'] as const;
  const onlyAudit = verdictOf(
    { ...NOTHING, records: records(asked), declared },
    { asked, rehearsal: [] },
  );
  expect(onlyAudit.missing).toEqual(['audit.own']);
});

test('a failure of a phase that was not asked for is a failure', () => {
  const asked = ['audit'] as const;
  const recorded = new Map([
    ...records(asked),
    ['enforce.own', foreign({ id: 'enforce.own', verdict: 'fail' })],
  ]);
  expect(verdictOf({ ...NOTHING, records: recorded }, { asked, rehearsal: [] }).status).toBe(
    'fail',
  );
});

test('a test that is no criterion counts when it fails and when it did not run', () => {
  const plain = (state: 'passed' | 'failed' | 'not run') =>
    statusOf({}, { tests: [{ kind: 'test', spec: 'canary/6.spec.ts', name: 'own', state }] })
      .status;
  expect([plain('passed'), plain('failed'), plain('not run')]).toEqual([
    'pass',
    'fail',
    'inconclusive',
  ]);
});

test.each<[string, Partial<VerdictEvidence>]>([
  ['broke outside of every test', { errors: ['a hook broke'] }],
  ['could not be written', { unwritten: ['junit.xml: no space left on device'] }],
])('what %s keeps the run from passing, alone', (_, beside) => {
  expect(statusOf({}, beside)).toMatchObject({ status: 'inconclusive', green: false });
});

test('a torn line of the criteria keeps the run from passing, alone: it may have been a failure', () => {
  const folder = dirSync({ unsafeCleanup: true });
  const directory = new RunDirectory(folder.name);
  for (const record of records(all).values()) directory.record(record);
  const judged = () => runVerdict(directory, { asked: all, rehearsal: [] });
  expect(judged().status).toBe('pass');
  appendFileSync(directory.file('criteria.ndjson'), '{"id":"audit.so');
  expect(judged()).toMatchObject({
    status: 'inconclusive',
    errors: ['1 line of criteria.ndjson cannot be read'],
  });
  folder.removeCallback();
});

test('what broke is told once, and what was not judged for it follows', () => {
  const verdict = statusOf(
    { 'audit.soak': 'missing', 'audit.stop': 'missing', 'exit.audit': 'inconclusive' },
    { errors: ['a worker process of this suite was killed by SIGKILL'] },
  );
  expect(verdict.status).toBe('inconclusive');
  expect(verdict.causes).toEqual([]);
  expect(verdict.follows.map(({ id }) => id)).toEqual(['exit.audit']);
  expect(verdict.rows.find(({ id }) => id === 'audit.soak')).toMatchObject({
    verdict: 'skipped',
    explanation: expect.stringContaining('because of: a worker process'),
  });
});

test('every criterion has a row, in the order of the runbook, with others behind their section', () => {
  const { rows } = withForeign({});
  const ids = rows.map(({ id }) => id);
  expect(ids.filter((id) => id !== 'audit.own')).toEqual(requiredCriteria(all));
  expect(ids[ids.indexOf('audit.own') + 1]).toMatch(/^enforce\./);
});

test('what was not asked for and has no record is skipped, and what was is inconclusive', () => {
  const asked = ['audit'] as const;
  const { rows } = verdictOf(
    { ...NOTHING, records: records(asked, { 'audit.soak': 'missing' }) },
    { asked, rehearsal: [] },
  );
  const verdictIn = (id: string) => rows.find((row) => row.id === id)?.verdict;
  expect([verdictIn('audit.soak'), verdictIn('enforce.soak'), verdictIn('exit.enforce')]).toEqual([
    'inconclusive',
    'skipped',
    'skipped',
  ]);
});
