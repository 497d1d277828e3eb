import { expect, test } from 'vitest';
import { judgeRules } from './policy-denies.ts';

const RULE = { section: 'deny_ip', rule: '192.0.2.7' };
const NOT_TRIED = [{ section: 'deny_comm', reason: 'no program of the host is started', rules: 2 }];

test('rules that all deny pass, and what was not tried is told', () => {
  expect(judgeRules([{ ...RULE, outcome: 'EPERM' }], 1, NOT_TRIED)).toMatchObject({
    verdict: 'pass',
    explanation:
      '1 rule of CANDIDATE_POLICY tried, each denied with one event; not tried: 2 of deny_comm (no program of the host is started)',
  });
});

test.each([
  ['let through', 0, /deny nothing: deny_ip 192\.0\.2\.7 \(let through\)/],
  ['ENETUNREACH', 0, /deny nothing: deny_ip 192\.0\.2\.7 \(ENETUNREACH\)/],
  ['EPERM', 0, /each denied, but the agent logged no event for them/],
  ['EPERM', 2, /each denied, but the agent logged 2 events for them/],
])('a rule that ends in %s with %i events fails', (outcome, events, says) => {
  expect(judgeRules([{ ...RULE, outcome }], events, [])).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringMatching(says),
  });
});

test('a policy of which nothing can be tried is missing evidence', () => {
  expect(judgeRules([], 0, NOT_TRIED)).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining('2 of deny_comm'),
  });
});
