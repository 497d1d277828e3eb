import { expect, test } from 'vitest';
import { judgeLater } from './later-rules.ts';

const rules = [
  { command: ['block', 'add', '/x'] },
  { command: ['network', 'deny', 'add', '--ip', '127.83.7.9'] },
];

test('rules that come later, and deny at once, pass', () => {
  expect(judgeLater(rules, ['EPERM', 'EPERM'])).toMatchObject({ verdict: 'pass', value: 2 });
});

test.each([
  [['EPERM', 'let through'], '`network deny add --ip 127.83.7.9` exited with 0, and'],
  [['let through', 'let through'], '`block add /x` exited with 0, and what it denies met let'],
  [['EPERM'], 'met no answer'],
])('%j fails', (outcomes, words) => {
  const judged = judgeLater(rules, outcomes);
  expect(judged.verdict).toBe('fail');
  expect(judged.explanation).toContain(words);
});
