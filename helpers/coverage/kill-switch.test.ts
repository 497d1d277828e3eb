import { expect, test } from 'vitest';
import { judgeKillSwitch, type SwitchedLine, type SwitchedLines } from './kill-switch.ts';

const SOURCE = 'coverage/enforce/kill-switch.json';
const PASSED = { outcome: 'passed' } as const;
const DENIED = { outcome: 'refused', errno: 'EPERM', call: 'connect' } as const;
const line = {
  kind: 'network',
  route: 'udp-connect',
  group: 'network',
  expected: 'denied',
} as const;
const good: SwitchedLine = { line, on: PASSED, off: DENIED };
const judged = (
  lines: readonly SwitchedLine[],
  actions: readonly string[] = ['AUDIT'],
  areAll = true,
  status: Pick<SwitchedLines, 'isOn' | 'isOnBehindApply'> = { isOn: true, isOnBehindApply: true },
) => judgeKillSwitch({ lines, actions, areAll, ...status }, SOURCE);

test('what is let through as AUDIT, and is denied afterwards, passes', () => {
  expect(judged([good])).toMatchObject({ verdict: 'pass', value: 1, limit: 1 });
});

test.each([
  [
    'is denied all the same',
    [{ ...good, on: DENIED }],
    ['BLOCK'],
    'these are denied: a UDP connect to the address by root, by IPv4; whoever',
  ],
  [
    'stays free',
    [
      { ...good, off: PASSED },
      { ...good, off: PASSED },
    ],
    ['AUDIT', 'AUDIT'],
    '1 others',
  ],
  ['is told as a denial', [good], ['BLOCK'], '1 event line of 1 said BLOCK, expected AUDIT'],
  ['is not told', [good], [], '1 routes went through and left 0 event lines'],
])('what %s fails', (_, lines, actions, words) => {
  const judgement = judged(lines, actions);
  expect(judgement.verdict).toBe('fail');
  expect(judgement.explanation).toContain(words);
});

test('lines that may be under way are not missed', () => {
  expect(judged([good], [], false).verdict).toBe('inconclusive');
});

test.each([
  ['nothing that was denied before', []],
  ['an attempt that told nothing', [{ ...good, on: 'its process ended' }]],
  ['another refusal', [{ ...good, off: { ...DENIED, errno: 'ENETUNREACH' } }]],
])('%s is no pass', (_, lines) => {
  expect(judged(lines).verdict).toBe('inconclusive');
});

test.each([
  [true, false, 'fail', '`policy apply` exited with 0 while the kill switch was on, and ended it'],
  [false, false, 'fail', 'after emergency-disable `emergency-status` says enabled=false'],
  ['no answer', true, 'inconclusive', 'nobody knows whether the kill switch stayed on: no answer'],
  [true, 'no answer', 'inconclusive', 'nobody knows whether the kill switch stayed on'],
] as const)(
  'a kill switch that is on by its status: %s, and behind an apply: %s, is no pass',
  (isOn, isOnBehindApply, verdict, words) => {
    expect(judged([good], ['AUDIT'], true, { isOn, isOnBehindApply })).toMatchObject({
      verdict,
      explanation: expect.stringContaining(words),
    });
  },
);

test('where routes are denied and the switch is off behind the apply, the apply is named', () => {
  const status = { isOn: true, isOnBehindApply: false };
  expect(judged([{ ...good, on: DENIED }], ['BLOCK'], true, status).explanation).toContain(
    'and ended it',
  );
});
