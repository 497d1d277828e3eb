import { expect, test } from 'vitest';
import { type AddedRules, judgeAdded } from './added-rules.ts';

const RIGHT: AddedRules = {
  rules: [
    { rule: '/secret', isAdded: false },
    { rule: '127.83.7.9', isAdded: true },
  ],
  ...{ outcomes: ['EPERM', 'EPERM'], before: 2, after: 3 },
};

test.each<[string, Partial<AddedRules>, string, RegExp]>([
  ['all are in force', {}, 'pass', /^2 rules in force, .* goes on \(2 → 3\)$/],
  [
    'the one that it brings denies nothing',
    { outcomes: ['EPERM', 'let through'] },
    'fail',
    /the rule 127\.83\.7\.9 \(new in it\) denies nothing$/,
  ],
  [
    'none denies anything, and the counter went back',
    { outcomes: ['let through', 'let through'], after: 0 },
    'fail',
    /the rule \/secret \(also in the policy before it\) denies nothing; so does 127\.83\.7\.9$/,
  ],
  [
    'the counter went back',
    { after: 0 },
    'fail',
    /blocks_total went back from 2 to 0: nobody asked/,
  ],
  [
    'one meets another error',
    { outcomes: ['EACCES', 'EPERM'] },
    'inconclusive',
    /what \/secret denies met EACCES, which no rule does/,
  ],
  [
    'it gave no answer',
    { outcomes: ['EPERM'] },
    'inconclusive',
    /127\.83\.7\.9 denies met no answer/,
  ],
  ['no counter could be read', { before: undefined }, 'inconclusive', /could not be read before/],
  ['nothing was counted', { before: 0 }, 'inconclusive', /blocks_total counted nothing before/],
])('after a policy without --reset %s', (_, more, verdict, words) => {
  const judged = judgeAdded({ ...RIGHT, ...more });
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});
