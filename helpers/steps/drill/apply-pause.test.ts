import { expect, test } from 'vitest';
import { judgePauses } from './apply-pause.ts';

const stretch = (outcome: string, firstMs: number, lastMs: number) => ({
  ...{ outcome, firstMs, lastMs, opens: 1 + (lastMs - firstMs) / 2 },
});
const guarded = {
  stretches: [
    stretch('denied', 0, 998),
    stretch('allowed', 1000, 1200),
    stretch('denied', 1202, 3000),
    stretch('allowed', 3002, 3900),
    stretch('denied', 3902, 5000),
  ],
  opens: 2500,
  signals: 0,
};
const first = [[900, 1500]] as const;
const judged = (mostMs: number, applyMs: readonly (readonly [number, number])[] = first) =>
  judgePauses({ applyMs, guarded }, mostMs);

test('a pause as long as the limit passes, and a longer one fails with what went through', () => {
  expect(judged(204)).toMatchObject({ verdict: 'pass', value: 204, limit: 204 });
  expect(judged(199)).toMatchObject({ verdict: 'fail', value: 204 });
  expect(judged(199).explanation).toContain(
    '101 opens of a file that is denied before and after went through, in 1 pause of at most 204 ms, limit MAX_APPLY_PAUSE_MS=199',
  );
});

test('what this host held up is blamed on nobody', () => {
  expect(judged(202).verdict).toBe('inconclusive');
});

test.each([
  ['no apply', []],
  ['an apply after the last open', [[4900, 5100]]],
] as const)('%s shows nothing', (_, applies) => {
  expect(judged(1000, applies).verdict).toBe('inconclusive');
});

test('a pause while nothing was applied, or an apply was killed, is not counted', () => {
  const between = judged(1, [[2000, 2500]]);
  expect(between).toMatchObject({ verdict: 'pass', value: 0 });
  expect(between.explanation).toContain('did not pause in 1 whole apply,');
});
