import { expect, test } from 'vitest';
import type { CriterionRecord } from '../evidence/run-directory.ts';
import type { Phase } from '../settings/settings.ts';
import { finalStatus, requiredCriteria } from './final-status.ts';

const all: readonly Phase[] = ['audit', 'enforce', 'rollback'];

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

const statusOf = (changes: Parameters<typeof records>[1], rehearsal = false) =>
  finalStatus(records(all, changes), all, rehearsal);

test('a run passes when every criterion passed', () => {
  expect(statusOf({})).toEqual({
    status: 'pass',
    green: true,
    open: [],
    missing: [],
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
  expect(finalStatus(new Map(), all, false).status).toBe('inconclusive');
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
  expect(status.open.map(({ id }) => id)).toEqual(['exit.audit', 'preflight.health', 'audit.soak']);
});

test('a rehearsal never says pass', () => {
  expect(statusOf({}, true)).toMatchObject({ status: 'rehearsal: all checks green', green: true });
  expect(statusOf({ 'audit.soak': 'fail' }, true).status).toBe('rehearsal: fail');
  expect(statusOf({ 'audit.soak': 'missing' }, true).status).toBe('rehearsal: inconclusive');
});

test.each(all)('a run of only the %s phase needs nothing of the others', (phase) => {
  const asked = [phase];
  expect(finalStatus(records(asked), asked, false).status).toBe('pass');
  for (const other of all.filter((one) => one !== phase)) {
    expect(requiredCriteria(asked).filter((id) => id.includes(other))).toEqual([]);
  }
});

test('a rollback alone needs no soak’s exit criteria, an audit alone does', () => {
  expect(requiredCriteria(['rollback'])).not.toContain('exit.thresholds');
  expect(requiredCriteria(['audit'])).toContain('exit.thresholds');
});

test('what has no subject here is no gap, and what was merely skipped is one', () => {
  const found = new Map(records(all, { 'rollback.deadman': 'skipped' }));
  expect(finalStatus(found, all, false).status).toBe('inconclusive');
  const record = found.get('rollback.deadman');
  if (record === undefined) throw new Error('no such record');
  found.set(record.id, { ...record, notApplicable: true });
  expect(finalStatus(found, all, false).status).toBe('pass');
});
