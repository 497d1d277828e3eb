import { expect, test } from 'vitest';
import { judgeBreakGlass } from './break-glass.ts';

test('an open that goes through and is told as AUDIT passes', () => {
  expect(judgeBreakGlass('let through', ['AUDIT']).verdict).toBe('pass');
});

test.each([
  ['EPERM', ['BLOCK'], 'met EPERM with action BLOCK'],
  ['let through', [], 'met let through with no event'],
  ['let through', ['BLOCK'], 'with action BLOCK'],
  ['let through', ['AUDIT', 'AUDIT'], 'with action AUDIT, AUDIT'],
])('an open that meets %s with the actions %j fails', (outcome, actions, words) => {
  const judgement = judgeBreakGlass(outcome, actions);
  expect(judgement.verdict).toBe('fail');
  expect(judgement.explanation).toContain(words);
});
