import { expect, test } from 'vitest';
import { NotApplicable } from '../criteria/judgement.ts';
import { compared, judgeCost } from './judge.ts';
import { blockOrder, type Configuration, seeded } from './order.ts';
import { compare, isAbove, isWithin, ratiosOf } from './ratios.ts';

type Noise = (random: () => number) => number;

/** Normal by the sum of twelve. */
const normal: Noise = (random) =>
  Array.from({ length: 12 }, random).reduce((sum, one) => sum + one, -6);
/** Nine blocks in ten are quiet, and in the tenth the host does something else. */
const bursts: Noise = (random) => (random() < 0.1 ? 10 * random() : normal(random) / 10);

/** Blocks of a host with this noise, on which an agent makes everything so many times slower. */
function blocks(
  { each = 4, seed = 1, deviation = 0.01, noise = normal, drift = 0 },
  slower: Readonly<Partial<Record<Configuration, number>>> = {},
) {
  const random = seeded(seed);
  return blockOrder(each, random).map((configuration, index) => ({
    configuration,
    value: 5 * (slower[configuration] ?? 1) * Math.exp(deviation * noise(random) + drift * index),
  }));
}

const judged = (measured: ReturnType<typeof blocks>, isOperators = false, limit = 1.05) =>
  judgeCost(
    [compared({ piece: 'open', mode: 'audit', figure: 'p95' }, ratiosOf(measured), limit, true)],
    'audit',
    { value: limit, isOperators },
    20,
    {},
  );

test('a slow-down above the limit fails, with its ratio, its interval and the limit', () => {
  const slow = judged(blocks({}, { audit: 1.3 }));
  expect(slow).toMatchObject({ verdict: 'fail', limit: 1.05, unit: 'with/without' });
  expect(slow.explanation).toMatch(
    /^p95 with\/without 1\.(2[89]|3[01])\d \(1\.2\d\d to 1\.3\d\d\), limit 1\.05 \(COST_MAX_RATIO sets another\)/,
  );
  expect(judged(blocks({}, { audit: 1.3 }), true).explanation).toContain(
    'limit COST_MAX_RATIO=1.05',
  );
});

test('what surely lies within the limit passes, whatever the other mode costs', () => {
  expect(judged(blocks({}, { enforce: 3 })).verdict).toBe('pass');
});

test('a drift of the host is no cost of the agent', () => {
  const ratio = compare(ratiosOf(blocks({ deviation: 0, drift: 0.1 }, { audit: 1.2 })), 'audit');
  expect(ratio.ratio).toBeCloseTo(1.2, 10);
});

test('what cannot be told is no pass: not applicable, and inconclusive where the operator set the limit', () => {
  const noisy = blocks({ deviation: 0.2 });
  expect(() => judged(noisy)).toThrow(NotApplicable);
  const set = judged(noisy, true);
  expect(set.verdict).toBe('inconclusive');
  expect(set.explanation).toMatch(
    /cannot be told on this host: a slow-down of \d+ % could have been told apart; COST_BLOCKS=\d+, some \d+ min, would tell/,
  );
});

test('a single block tells nothing, however slow it was', () => {
  const one = blocks({ each: 1 }, { audit: 100 });
  expect(judged(one, true).explanation).toContain('a single block tells nothing apart');
  const { low, high } = compare(ratiosOf(blocks({ each: 1, deviation: 1 })), 'audit');
  expect([low > 0, Number.isFinite(high)]).toEqual([true, true]);
});

const RUNS = 2000;
const runs = (options: Parameters<typeof blocks>[0], slower?: Parameters<typeof blocks>[1]) =>
  Array.from({ length: RUNS }, (_, seed) => ratiosOf(blocks({ ...options, seed }, slower)));

test.each([
  ['2 %', { deviation: 0.02 }],
  ['20 %', { deviation: 0.2 }],
  ['100 %', { deviation: 1 }],
  ['bursts that last a block', { deviation: 0.2, noise: bursts }],
])(
  'of 2000 runs on a host with noise of %s none blames an agent that costs nothing',
  (_, options) => {
    const alarms = runs(options).filter((ratios) => isAbove(ratios, 'audit', 1.05));
    expect(alarms).toHaveLength(0);
  },
);

test.each([
  ['2 %', { deviation: 0.02 }],
  ['20 %', { deviation: 0.2 }],
  ['bursts that last a block', { deviation: 0.2, noise: bursts }],
])(
  'of 2000 runs on a host with noise of %s at most two pass an agent that costs 10 %%',
  (_, options) => {
    const passes = runs(options, { audit: 1.1 }).filter((ratios) =>
      isWithin(ratios, 'audit', 1.05),
    );
    expect(passes.length).toBeLessThanOrEqual(2);
  },
);

test('on a quiet host a slow-down of 10 % is caught in nearly every run', () => {
  const caught = runs({ deviation: 0.01 }, { audit: 1.1 }).filter((ratios) =>
    isAbove(ratios, 'audit', 1.05),
  );
  expect(caught.length).toBeGreaterThan(0.95 * RUNS);
});
