import { expect, test } from 'vitest';
import { judgeLater } from './later-rules.ts';

const rules = [
  { command: ['block', 'add', '/x'] },
  { command: ['network', 'deny', 'add', '--ip', '127.83.7.9'] },
];

const judged = (outcomes: readonly string[], made = outcomes.length) =>
  judgeLater(rules, { outcomes, made });

test('rules that come later, and deny at once, pass', () => {
  expect(judged(['EPERM', 'EPERM'])).toMatchObject({ verdict: 'pass', value: 2 });
});

test.each([
  [
    ['EPERM', 'let through'],
    '`network deny add --ip 127.83.7.9` exited with 0, and what it denies was let',
  ],
  [
    ['let through', 'let through'],
    '`block add /x` exited with 0, and what it denies was let through',
  ],
])('%j fails', (outcomes, words) => {
  expect(judged(outcomes).verdict).toBe('fail');
  expect(judged(outcomes).explanation).toContain(words);
});

test.each([
  [['EPERM'], 1, 'met no answer, which no rule does'],
  [['EACCES', 'EPERM'], 2, 'after `block add /x` what it denies met EACCES'],
  [['EPERM', 'EPERM'], 1, '2 attempts met EPERM and made 1 event line'],
])('%j with %i lines is no evidence', (outcomes, made, words) => {
  expect(judged(outcomes, made).verdict).toBe('inconclusive');
  expect(judged(outcomes, made).explanation).toContain(words);
});
