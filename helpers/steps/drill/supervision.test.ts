import { expect, test } from 'vitest';
import { judgeHostUnit } from './supervision.ts';

test.each([
  ['no', 'fail'],
  ['on-success', 'fail'],
  ['on-watchdog', 'fail'],
  ['on-failure', undefined],
  ['on-abort', undefined],
  ['always', undefined],
])("the host's own unit with Restart=%s, whose agent is killed: %s", (Restart, verdict) => {
  expect(judgeHostUnit({ LoadState: 'loaded', Restart })?.verdict).toBe(verdict);
});

test('a host without the unit, or a systemd that does not tell its rule, says nothing of it', () => {
  expect(judgeHostUnit({ LoadState: 'not-found', Restart: 'no' })).toBeUndefined();
  expect(judgeHostUnit({ LoadState: 'loaded' })).toBeUndefined();
});
