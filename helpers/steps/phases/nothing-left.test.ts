import { expect, test } from 'vitest';
import type { FreedLine } from './nothing-left.ts';
import { judgeLeft } from './nothing-left.ts';

const line = (route: FreedLine['line']['route'], answer: FreedLine['answer']): FreedLine => ({
  line: { kind: 'root', route },
  answer,
});
const refused = (errno: string) => ({ outcome: 'refused', errno, call: `${errno}: call` }) as const;
const FREE = { outcome: 'passed' } as const;

test.each([
  ['all are free', [line('read', FREE), line('exec', FREE)], 'pass', /^2 routes that rules denied/],
  [
    'one is refused as by a rule, and of another nobody knows',
    [line('read', FREE), line('exec-by-name', refused('EPERM')), line('exec', 'it was killed')],
    'fail',
    /still denied: exec of a program by its denied name by root; whoever is locked out by that finds no rule/,
  ],
  [
    'one meets another error',
    [line('read', refused('ENOENT')), line('exec', FREE)],
    'inconclusive',
    /whether these are free: open for reading by root was refused with ENOENT$/,
  ],
  [
    'a process of ours was killed',
    [line('read', 'it was killed')],
    'inconclusive',
    /open for reading by root \(it was killed\)$/,
  ],
  [
    'many are still refused',
    (['read', 'write', 'append', 'exec', 'openat2', 'relative'] as const).map((route) =>
      line(route, refused('EPERM')),
    ),
    'fail',
    /exec by root; and 2 more; whoever/,
  ],
])('once the rules are removed, %s', (_, lines, verdict, words) => {
  const judged = judgeLeft(lines);
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});
