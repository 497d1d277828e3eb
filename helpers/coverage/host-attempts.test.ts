import { expect, test } from 'vitest';
import { type HostAttempt, hostProblem } from './host-attempts.ts';

const line = (type: string, action: string) =>
  ({ type: `kernel_${type}_block`, action }) as Parameters<typeof hostProblem>[3]['events'][number];

/** A problem of an attempt that is let through while no agent runs. */
const problem = (
  name: HostAttempt,
  mode: 'audit' | 'enforce',
  outcome: string,
  ...lines: ReturnType<typeof line>[]
) => hostProblem(name, mode, 'let through', { outcome, events: lines });

test('a denial with its line is as it must be, and so is an attempt that is told in audit', () => {
  expect(problem('ptrace-seize', 'enforce', 'EPERM', line('ptrace', 'BLOCK'))).toBeUndefined();
  expect(problem('bpf-map', 'audit', 'let through', line('bpf', 'AUDIT'))).toBeUndefined();
  // The kernel asks twice where a load goes on.
  const twice = [line('module', 'AUDIT'), line('module', 'AUDIT')];
  expect(problem('module-file', 'audit', 'let through', ...twice)).toBeUndefined();
});

test.each([
  [
    'an attempt that goes through while the agent enforces',
    'enforce',
    'let through',
    [line('bpf', 'BLOCK')],
    'BPF_MAP_CREATE in enforce mode met no denial (let through), expected EPERM',
  ],
  [
    'an attempt that is refused in audit',
    'audit',
    'EPERM',
    [line('bpf', 'AUDIT')],
    'ended with EPERM, without the rule with let through',
  ],
  ['a denial that nobody is told', 'enforce', 'EPERM', [], 'was not logged by the agent'],
  [
    'a denial that is told twice',
    'enforce',
    'EPERM',
    [line('bpf', 'BLOCK'), line('bpf', 'BLOCK')],
    'was logged by the agent in 2 events, expected 1',
  ],
  [
    'a denial that is told as another',
    'enforce',
    'EPERM',
    [line('ptrace', 'BLOCK')],
    'is told as kernel_ptrace_block with action=BLOCK',
  ],
  [
    'a denial that is told as audit',
    'enforce',
    'EPERM',
    [line('bpf', 'AUDIT')],
    'is told as kernel_bpf_block with action=AUDIT',
  ],
] as const)('%s is a problem', (_, mode, outcome, lines, says) => {
  expect(problem('bpf-map', mode, outcome, ...lines)).toContain(says);
});

const connect = (action: string, rule_type = 'identity') =>
  ({ type: 'net_connect_block', action, rule_type }) as ReturnType<typeof line>;
const exec = (action: string) => ({ type: 'block', action }) as ReturnType<typeof line>;

test('a connect that anybody may not make is told with the rule that denies it', () => {
  expect(problem('connect-tcp', 'enforce', 'EPERM', connect('BLOCK'))).toBeUndefined();
  expect(problem('connect-udp', 'audit', 'let through', connect('AUDIT'))).toBeUndefined();
  expect(problem('connect-udp', 'enforce', 'EPERM', connect('BLOCK', 'ip'))).toBe(
    'a UDP connect to ::1 in enforce mode is told as net_connect_block of rule ip with action=BLOCK',
  );
});

test.each(['connect-unix', 'exec-listed', 'bpf-look'] as const)(
  '%s is free: it passes as without the rule, and nothing is told of it',
  (name) => {
    for (const mode of ['audit', 'enforce'] as const) {
      expect(problem(name, mode, 'let through')).toBeUndefined();
      expect(problem(name, mode, 'EPERM')).toContain('without the rule with let through');
      expect(problem(name, mode, 'let through', exec('AUDIT'))).toMatch(
        /was logged by the agent in 1 event, expected none$/,
      );
    }
  },
);
