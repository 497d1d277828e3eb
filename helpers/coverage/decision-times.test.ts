import { expect, test } from 'vitest';
import { NotApplicable } from '../criteria/judgement.ts';
import { judgeDecisionTimes, type Rules, type TimedOpens } from './decision-times.ts';

/** Twenty slices of each, which differ from one another by so much. */
function slices(factors: Partial<Record<keyof TimedOpens, number>>, noise: number): TimedOpens[] {
  const of = (rules: Rules) =>
    Array.from({ length: 20 }, (_, index): TimedOpens => {
      const times = (name: 'free' | 'denied' | 'hook', usual: number) =>
        usual * (rules === 'many' ? (factors[name] ?? 1) : 1) * (1 + noise * Math.cos(index * 7));
      return {
        rules,
        free: times('free', 3),
        denied: times('denied', 4),
        hook: times('hook', 900),
      };
    });
  return [...of('few'), ...of('many')];
}

const judge = (timed: readonly TimedOpens[]) => judgeDecisionTimes(timed, { source: 'times' });

test("opens that take the same with many rules pass, with the agent's own clock told", () => {
  const judgement = judge(slices({}, 0.1));
  expect(judgement).toMatchObject({ verdict: 'pass', limit: 2, unit: 'many/few rules' });
  expect(judgement.explanation).toMatch(/by the agent’s own clock, took 1\.00 times as long/);
});

test.each([
  ['denied', /^with many rules an open of a denied file took 3\.00 times as long \(2\.\d+ to 3/],
  ['free', /an open of a free file took 3\.00 times/],
  ['hook', /a call of the file hook, by the agent’s own clock, took 3\.00 times/],
] as const)('%s that takes three times as long fails', (name, words) => {
  const judgement = judge(slices({ [name]: 3 }, 0.1));
  expect(judgement).toMatchObject({ verdict: 'fail', value: 3 });
  expect(judgement.explanation).toMatch(words);
});

test('what the noise of a host hides is told as not to be told', () => {
  expect(() => judge(slices({ free: 1.8 }, 0.8))).toThrow(NotApplicable);
  expect(() => judge([])).toThrow(/this host is too noisy to tell/);
});

test('an agent without a clock of its own is judged by ours', () => {
  const timed = slices({}, 0.1).map(({ hook: _, ...one }) => one);
  const judgement = judge(timed);
  expect(judgement.verdict).toBe('pass');
  expect(judgement.explanation).not.toContain('clock');
});
