import { expect, test } from 'vitest';
import { fail, inconclusive, pass } from '../../criteria/judgement.ts';
import { judgeRuleTwice, type RuleTwice } from './rule-twice.ts';

const TAKEN: RuleTwice = {
  ...{ isTaken: true, how: '`policy apply` exited with 0', isListed: true },
  baseline: pass('the rules of the baseline'),
};
const REFUSED = { ...TAKEN, isTaken: false, how: '`policy apply` exited with 1', isListed: false };
const OPEN = fail('the denied file could be opened');

test.each<[string, RuleTwice, boolean, string, RegExp]>([
  ['taken', TAKEN, false, 'pass', /is taken, the rule is listed/],
  ['refused', REFUSED, false, 'pass', /is refused, and the baseline's rules and denials are as/],
  ['refused after a rollback', REFUSED, true, 'pass', /is refused/],
  ['taken and lost', { ...TAKEN, isListed: false }, true, 'fail', /was taken, and .* lacks that/],
  [
    'refused and kept',
    { ...REFUSED, isListed: true },
    true,
    'fail',
    /was refused, and .* has that/,
  ],
  ['taken and harmful', { ...TAKEN, baseline: OPEN }, true, 'fail', /^the denied file could be op/],
  [
    'refused and harmful',
    { ...REFUSED, baseline: OPEN },
    false,
    'fail',
    /^the denied file could be opened; `policy apply` exited with 1$/,
  ],
  [
    'refused and harmful after a rollback',
    { ...REFUSED, baseline: OPEN },
    true,
    'fail',
    /^finding "refused-after-rollback" \(critical, .*exited with 1, and the denied file could be/,
  ],
  [
    'not seen',
    { ...REFUSED, baseline: inconclusive('the list cannot be read') },
    true,
    'inconclusive',
    /^the list cannot be read/,
  ],
])('one rule twice, %s', (_, seen, isRolledBack, verdict, words) => {
  const judged = judgeRuleTwice(seen, { knownDefects: [] }, isRolledBack);
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});

test('who accepted what 0.10.0 does after a rollback has not accepted it elsewhere', () => {
  const known = {
    ...{ defect: 'refused-after-rollback', acceptedBy: 'a person', reason: 'known' },
    until: '9999-12-31',
  };
  const harmful = { ...REFUSED, baseline: OPEN };
  const judged = (isRolledBack: boolean) =>
    judgeRuleTwice(harmful, { knownDefects: [known] }, isRolledBack).verdict;
  expect([judged(true), judged(false)]).toEqual(['pass', 'fail']);
});
