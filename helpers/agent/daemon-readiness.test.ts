import { expect, test } from 'vitest';
import type { AgentStarted } from './contract/daemon-log.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { checkConfinement, checkStarted } from './daemon-readiness.ts';

const STARTED: AgentStarted = {
  ...{ audit_only: true, enforce_signal: 'sigterm', lsm_enabled: true, lsm_hook: 'file_open' },
  ...{ network_enabled: true, runtime_state: 'AUDIT_FALLBACK' },
};

const check = (told: Partial<AgentStarted>, ...ofProduction: readonly string[]) => {
  const options: DaemonOptions = {
    ...{ name: 'audit', mode: 'audit', enforceSignal: 'term', allowSigkill: false },
    ...{ ringbufBytes: 0, metricsAddress: '127.0.0.1:1', readyTimeoutSeconds: 1, ofProduction },
  };
  return () => checkStarted({ ...STARTED, ...told }, options, 'agent.stderr.log');
};

test('an agent that starts without what AGENT_OPTIONS asked for fails, in its own words', () => {
  expect(check({ landlock: false }, '--drop-caps', '--landlock')).toThrow(
    'the agent was started with --landlock (AGENT_OPTIONS) and says landlock=false',
  );
});

test('one that does as it was asked, or is too old to tell, passes', () => {
  const all = ['--seccomp', '--landlock', '--drop-caps'];
  const told = { seccomp: true, landlock: true, cap_drop: true };
  expect(check(told, ...all)).not.toThrow();
  expect(check({}, '--landlock', '--max-deny-paths=9')).not.toThrow();
});

test('what the kernel shows of an option stands above the word of the agent', () => {
  const ours = { capabilities: 0xffn, seccomp: 0 };
  const judge = (capabilities: bigint, seccomp: number, ...options: readonly string[]) => {
    return () => checkConfinement(options, { capabilities, seccomp }, ours, '/proc/7/status');
  };
  expect(judge(0xffn, 2, '--drop-caps')).toThrow(/has every capability .*CapEff: ff\)$/);
  expect(judge(0x1ffn, 0, '--drop-caps')).toThrow(/has every capability/);
  expect(judge(0x0fn, 0, '--seccomp')).toThrow(/no filter of system calls/);
  expect(judge(0x0fn, 2, '--drop-caps', '--seccomp', '--landlock')).not.toThrow();
  expect(() => checkConfinement(['--seccomp'], undefined, ours, '')).not.toThrow();
});
