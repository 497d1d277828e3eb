import { rehearse } from 'aegisbpf-canary';
import { expect, test } from 'vitest';

const AUDIT = { PHASE: 'audit', DURATION_SECONDS: '2' };

test('the check of the audit trail fails where the agent loses an event that the runbook allows', async () => {
  const knobs = { ...AUDIT, MAX_EVENT_DROP_RATIO_PCT: '100' };
  const { exitCode, verdictOf } = await rehearse({ faults: 'drops-burst=2', knobs });
  expect(exitCode).toBe(1);
  expect(verdictOf('payments.audit-trail')).toBe('fail');
  expect(verdictOf('audit.event-drop-ratio')).toBe('pass');
});

test('and a rehearsal that cannot begin says why', async () => {
  await expect(rehearse({ faults: 'nonsense', knobs: AUDIT })).rejects.toThrow(/unknown fault/);
});
