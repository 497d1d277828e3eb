import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Rehearsed, rehearse } from 'aegisbpf-canary';
import { beforeAll, describe, expect, test } from 'vitest';

const AUDIT = { PHASE: 'audit', DURATION_SECONDS: '2' };

describe('an agent that loses an event, which the runbook allows, and a policy that denies what payments reads', () => {
  let run: Rehearsed;
  beforeAll(async () => {
    const CANDIDATE_POLICY = join(import.meta.dirname, '../candidate.policy');
    const knobs = { ...AUDIT, MAX_EVENT_DROP_RATIO_PCT: '100', CANDIDATE_POLICY };
    run = await rehearse({ faults: 'drops-burst=2', knobs });
  });
  const file = (name: string) => readFileSync(join(run.directory, name), 'utf8');

  test('fail the check of the audit trail alone, which keeps its evidence', () => {
    expect(run.exitCode, run.output).toBe(1);
    expect(run.verdictOf('audit.event-drop-ratio')).toBe('pass');
    const failed = run.summary.criteria.filter(({ verdict }) => verdict === 'fail');
    expect(failed).toMatchObject([
      { id: 'payments.audit-trail', explanation: '2 events, at most 0' },
    ]);
    const kept = 'own/payments.audit-trail/samples.json';
    expect(file(kept)).toContain('elapsedMs');
    expect(file('junit.xml')).toContain(kept);
  });

  test('leave decisions on the workload for review, by its name', () => {
    expect(file('review.yaml')).toMatch(
      /"\/usr\/lib\/os-release" \| "\w+" \| "workload payments" \| "AUDIT"'\n[\s\S]*?workload: payments\n[\s\S]*?inEnforce: would be refused/,
    );
  });
});

test('a rehearsal that cannot begin says why', async () => {
  await expect(rehearse({ faults: 'nonsense', knobs: AUDIT })).rejects.toThrow(/unknown fault/);
});
