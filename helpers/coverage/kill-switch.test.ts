import { expect, test } from 'vitest';
import { judgeKillSwitch, type SwitchedLine } from './kill-switch.ts';

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
) => judgeKillSwitch({ lines, actions, areAll }, SOURCE);

test('what is let through as AUDIT, and is denied afterwards, passes', () => {
  expect(judged([good])).toMatchObject({ verdict: 'pass', value: 1, limit: 1 });
});

test.each([
  [
    'is denied all the same',
    [{ ...good, on: DENIED }],
    ['BLOCK'],
    'still denied: a UDP connect to the address by root, by IPv4; whoever',
  ],
  [
    'stays free',
    [
      { ...good, off: PASSED },
      { ...good, off: PASSED },
    ],
    ['AUDIT'],
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
