import { expect, test } from 'vitest';
import { type InApply, judgeInApply } from './kill-switch-in-apply.ts';

const GOOD: InApply = {
  heldWhen: 'while enforcement paused',
  isOver: true,
  failed: undefined,
  applyFailed: undefined,
  isActive: true,
  open: 'allowed',
  openAfter: 'denied',
};

test.each<[string, Partial<InApply>, string, RegExp]>([
  ['stays in force', {}, 'pass', /was held while enforcement paused, exited with 0; .* was off/],
  ['waits for the apply', { isOver: false }, 'pass', /enforcement paused, for which it waited/],
  [
    'is undone',
    { isActive: false, open: 'denied' },
    'fail',
    /had ended, `emergency-status` says .* is off, and an open .* was denied: a policy apply undoes/,
  ],
  ['is told alone', { open: 'denied' }, 'fail', /had ended, an open of a file .* was denied: /],
  ['is felt alone', { isActive: false }, 'fail', /had ended, `emergency-status` says .* is off: /],
  ['fails', { failed: 'it exited with 1', open: 'denied' }, 'fail', /paused, it exited with 1$/],
  ['stays for good', { openAfter: 'allowed' }, 'fail', /emergency-enable .* was allowed$/],
  [
    'meets an apply that fails',
    { applyFailed: 'exited with 1' },
    'inconclusive',
    /that apply exited with 1, so nobody knows/,
  ],
  ['is undone by it', { applyFailed: 'exited with 1', isActive: false }, 'fail', /is off: /],
])('a kill switch that is used while a policy is applied and %s', (_, seen, verdict, words) => {
  const judged = judgeInApply({ ...GOOD, ...seen });
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});
