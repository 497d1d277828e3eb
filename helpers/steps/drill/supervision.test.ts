import { expect, test } from 'vitest';
import { judgeDefaultMode, judgeHostUnit } from './supervision.ts';

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

test.each([
  ['audits', 'true', 'fail'],
  ['enforces', 'false', undefined],
])('an agent that was told no mode and %s: %s', (_, audit, verdict) => {
  const log = `libbpf: loaded\n2026-02-03 04:05:06.789 [INFO] Agent started {audit_only=${audit}, enforce_signal=term}\n`;
  expect(judgeDefaultMode(log)?.verdict).toBe(verdict);
});

test('an agent that did not start says nothing of its mode', () => {
  expect(judgeDefaultMode('')).toBeUndefined();
  expect(judgeDefaultMode('2026-02-03 04:05:06.789 [ERROR] Failed to load\n')).toBeUndefined();
});
