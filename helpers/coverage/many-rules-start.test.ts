import { expect, test } from 'vitest';
import { fail, inconclusive, pass } from '../criteria/judgement.ts';
import { judgeManyRulesStart } from './many-rules-start.ts';

const start = { rules: 15_000, startMs: 900, limitMs: 2000, inForce: pass('they are in force') };
const judged = (other: Partial<typeof start>) => judgeManyRulesStart({ ...start, ...other }, 'x');

test('a start within the limit passes', () => {
  expect(judged({})).toMatchObject({
    ...{ verdict: 'pass', value: 900, limit: 2000, unit: 'ms' },
    explanation:
      'with 15000 rules in force the agent was ready after 900 ms, and they are in force',
  });
  expect(judged({ startMs: 2000 }).verdict).toBe('pass');
});

test('a later one fails', () => {
  expect(judged({ startMs: 2001 })).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringContaining('was ready after 2001 ms, limit MAX_READY_MS=2000'),
  });
});

test.each([fail('the last is not'), inconclusive('nobody knows')])(
  'rules that are not in force are told first: $verdict',
  (inForce) => {
    expect(judged({ startMs: 9000, inForce })).toBe(inForce);
  },
);
