import { expect, test } from 'vitest';
import { attemptNames, type HostOutcome, howTried } from '../../coverage/host-attempts.ts';
import { judgeSection } from './host-rules.ts';

type Taken = Parameters<typeof judgeSection>[1];

/** What every attempt met: without the agent, and in each mode. What no section concerns meets nothing. */
function taken(without: string, enforce: HostOutcome, audit: HostOutcome): Taken {
  const free: HostOutcome = { outcome: without, events: [] };
  const all = (outcome: HostOutcome) =>
    new Map(attemptNames.map((name) => [name, howTried(name).isFree === true ? free : outcome]));
  return {
    unknown: ['deny_ptrace'],
    without: all({ outcome: without, events: [] }),
    modes: new Map([
      ['audit', all(audit)],
      ['enforce', all(enforce)],
    ]),
  };
}
const line = (action: 'AUDIT' | 'BLOCK') => ({ type: 'kernel_bpf_block', action }) as const;
const DENIED = { outcome: 'EPERM', events: [line('BLOCK')] };
const TOLD = { outcome: 'let through', events: [line('AUDIT')] };

test('what is denied in enforce and told in audit passes', () => {
  expect(judgeSection('deny_bpf', taken('let through', DENIED, TOLD))).toMatchObject({
    ...{ verdict: 'pass', value: 6, limit: 6 },
  });
});

test('a rule that denies nothing fails, and each attempt is named', () => {
  expect(judgeSection('deny_bpf', taken('let through', TOLD, TOLD))).toMatchObject({
    ...{ verdict: 'fail', value: 4, limit: 6 },
    explanation: expect.stringMatching(
      /BPF_MAP_CREATE in enforce mode.*; BPF_PROG_LOAD in enforce/,
    ),
  });
});

test('what this version or this host has not is not tried, and no pass', () => {
  expect(() => judgeSection('deny_ptrace', taken('let through', DENIED, TOLD))).toThrow(
    'this version has no [deny_ptrace]',
  );
  // Somebody else refuses it: a denial would be nobody's.
  expect(() => judgeSection('deny_bpf', taken('EPERM', DENIED, TOLD))).toThrow(
    'nothing can be tried on this host; not tried: BPF_MAP_CREATE (EPERM without the rule)',
  );
});

test('a section that a version of its number must know, and does not, shows nothing', () => {
  const all = taken('let through', DENIED, TOLD);
  expect(judgeSection('deny_ptrace', all, ['deny_ptrace'])).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringMatching(
      /does not know \[deny_ptrace\], which versions from 0\.9\.0/,
    ),
  });
  expect(judgeSection('deny_bpf', all, ['deny_bpf']).verdict).toBe('pass');
});
