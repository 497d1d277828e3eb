import { expect, test } from 'vitest';
import { judgeTogether, type Together } from './applies-together.ts';

const WHOLE: Together = {
  heldWhen: 'while enforcement paused',
  isSecondOver: true,
  applied: { candidate: true, baseline: true },
  rules: 'candidate',
  record: 'candidate',
  guardedIsDenied: true,
  neededIsDenied: true,
};
const BASELINE = { rules: 'baseline', record: 'baseline', neededIsDenied: false } as const;

const judged = (left: Partial<Together>) =>
  judgeTogether({ ...WHOLE, ...left }, { knownDefects: [] });

test.each<[string, Partial<Together>]>([
  ['the policy that ended last', {}],
  ['the other one', BASELINE],
  ['the one for which the second waited', { isSecondOver: false }],
  ['the one that was not refused', { ...BASELINE, applied: { candidate: false, baseline: true } }],
  ['what was there, where both were refused', { applied: { candidate: false, baseline: false } }],
])('two applies at once may leave %s', (_, left) => {
  expect(judged(left)).toMatchObject({ verdict: 'pass', value: 0, limit: 0 });
});

test.each<[string, Partial<Together>, RegExp]>([
  ['no enforcement', { guardedIsDenied: false }, /\(critical, .*open to all/],
  ['rules of neither', { rules: 'neither' }, /\(high, .*left rules of neither policy/],
  ['another list than the opens meet', { neededIsDenied: false }, /opens another policy's/],
  ['the record of the other', { record: 'baseline' }, /and the baseline's are on record/],
  [
    'the rules of the one that was refused',
    { applied: { candidate: false, baseline: true } },
    /the baseline policy alone was applied with exit code 0, and the candidate's rules are in force/,
  ],
])('two applies at once that leave %s are a finding', (_, left, words) => {
  expect(judged(left)).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringMatching(words),
  });
});
