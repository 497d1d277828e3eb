import { expect, test } from 'vitest';
import { judgeKept, type KeptLine, optionWords, upgradeWords } from './kept-routes.ts';

const refused = (errno: string) => ({ outcome: 'refused', errno, call: `${errno}: call` }) as const;
const FREE = { outcome: 'passed' } as const;
const denied = (route: KeptLine['line']['route'], answer: KeptLine['answer']) =>
  ({ line: { kind: 'root', route, expected: 'denied' }, answer }) as const;
const exempt = (answer: KeptLine['answer']): KeptLine => ({
  line: { kind: 'exempt', route: 'read', expected: 'open' },
  answer,
});

test.each<[string, readonly KeptLine[], string, RegExp]>([
  [
    'keeps all',
    [denied('read', refused('EPERM')), exempt(FREE)],
    'pass',
    /^2 routes by rules that version 0\.9\.0 made/,
  ],
  [
    'loses a rule',
    [denied('read', refused('EPERM')), denied('exec-by-name', FREE), denied('exec', 'was killed')],
    'fail',
    /are lost .*: exec of a program by its denied name by root goes through; a node/,
  ],
  [
    'loses an exemption',
    [denied('read', refused('EPERM')), exempt(refused('EPERM'))],
    'fail',
    /open for reading by a process in an allowed cgroup is denied;/,
  ],
  [
    'meets another error',
    [denied('read', refused('ENOENT')), exempt(FREE)],
    'inconclusive',
    /these rules of version 0\.9\.0 .*: open for reading by root \(ENOENT\)$/,
  ],
  ['gives no answer', [exempt('was killed')], 'inconclusive', /an allowed cgroup \(was killed\)$/],
  ['has nothing to keep', [], 'inconclusive', /^version 0\.9\.0 enforced none of the rules/],
  ['has no rule to keep', [exempt(FREE)], 'inconclusive', /^version 0\.9\.0 enforced none/],
])('an upgrade that %s', (_, lines, verdict, words) => {
  const judged = judgeKept(lines, upgradeWords('0.9.0'), 'upgrade.json');
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});

test.each([
  [[denied('read', FREE)], 'fail', /^with --x=1 these are not decided on .*: open for reading by/],
  [[denied('read', refused('EPERM'))], 'pass', /^1 route as without --x=1$/],
] as const)('an option of run', (lines, verdict, words) => {
  const judged = judgeKept(lines, optionWords('--x=1'), 'routes.json');
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});
