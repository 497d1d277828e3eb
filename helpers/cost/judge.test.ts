import { describe, expect, test } from 'vitest';
import { NotApplicable } from '../criteria/judgement.ts';
import { compared, judgeCost } from './judge.ts';
import { type Beside, blockOrder, type Configuration, seeded } from './order.ts';
import { compare, figuresOf, isAbove, isWithin, ratiosOf } from './ratios.ts';

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
  besides: readonly Beside[] = ['audit', 'enforce'],
) {
  const random = seeded(seed);
  return blockOrder(each, random, besides).map((configuration, index) => ({
    configuration,
    value: 5 * (slower[configuration] ?? 1) * Math.exp(deviation * noise(random) + drift * index),
  }));
}

const THREE = ['audit', 'enforce', 'previous'] as const;

const judged = (measured: ReturnType<typeof blocks>, isOperators = false, limit = 1.05) =>
  judgeCost(
    [compared({ piece: 'open', mode: 'audit', figure: 'p95' }, ratiosOf(measured), limit, true)],
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

test('two blocks blame nobody, however slow they are; three do', () => {
  const of = (each: number) => judged(blocks({ each }, { audit: 3 }), true);
  expect([of(2), of(3)]).toMatchObject([
    {
      verdict: 'inconclusive',
      explanation: expect.stringMatching(
        /^too few blocks to tell: two stand out by chance; set COST_BLOCKS=4\. p95/,
      ),
    },
    { verdict: 'fail' },
  ]);
});

test('a mean alone, or a p99 alone, is no fault and no pass; both together are one', () => {
  const figure = (name: string, audit: number, decides: boolean) => {
    const what = { piece: 'open', mode: 'audit', figure: name } as const;
    return compared(what, ratiosOf(blocks({}, { audit })), 1.05, decides);
  };
  const of = (p99: number, mean: number) =>
    judgeCost(
      [figure('p95', 1, true), figure('p99', p99, false), figure('mean', mean, false)],
      { value: 1.05, isOperators: true },
      20,
      {},
    ).verdict;
  expect([of(1, 1), of(1, 4), of(4, 1), of(4, 4)]).toEqual([
    ...['pass', 'inconclusive', 'inconclusive', 'fail'],
  ]);
});

test('what surely lies within the limit passes, whatever the other mode costs', () => {
  expect(judged(blocks({}, { enforce: 3 })).verdict).toBe('pass');
});

test('a drift of the host is no cost of the agent', () => {
  const ratio = compare(ratiosOf(blocks({ deviation: 0, drift: 0.1 }, { audit: 1.2 })), 'audit');
  expect(ratio.ratio).toBeCloseTo(1.2, 10);
});

test('what a noisy host cannot tell is no pass: not applicable, and inconclusive where the operator set the limit', () => {
  const noisy = blocks({ deviation: 0.2 });
  expect(() => judged(noisy)).toThrow(NotApplicable);
  const set = judged(noisy, true);
  expect(set.verdict).toBe('inconclusive');
  expect(set.explanation).toMatch(
    /^this host is too noisy to tell: a slow-down of \d+ % could have been detected; COST_BLOCKS=\d+, some \d+ min, would be enough/,
  );
});

test('a single block tells nothing, however slow it was', () => {
  const one = blocks({ each: 1 }, { audit: 100 });
  expect(judged(one, true).explanation).toContain('too few blocks to tell: a single one');
  // Whatever the blocks without the agent say of the host.
  const quiet = blocks({ each: 1, deviation: 1e-9 }, { audit: 100, enforce: 1 }, THREE);
  expect(judged(quiet, true).verdict).toBe('inconclusive');
  const { low, high } = compare(ratiosOf(blocks({ each: 1, deviation: 1 })), 'audit');
  expect([low > 0, Number.isFinite(high)]).toEqual([true, true]);
});

/** The candidate in enforce mode against the previous version. */
function versions(
  options: Parameters<typeof blocks>[0],
  slower: Parameters<typeof blocks>[1],
  ratios = ratiosOf,
) {
  const what = { piece: 'open', mode: 'enforce', figure: 'p95' } as const;
  return compared(what, ratios(blocks(options, slower, THREE)), 1.05, true, 'previous');
}
const judgedVersions = (...args: Parameters<typeof versions>) =>
  judgeCost([versions(...args)], { value: 1.05, isOperators: true }, 20, {});

test('what the previous version costs as well is no fault of the candidate, and what it does not cost is', () => {
  const both = { audit: 1.3, enforce: 1.3, previous: 1.3 };
  expect(judgedVersions({}, both).verdict).toBe('pass');
  const worse = judgedVersions({}, { ...both, previous: 1 });
  expect(worse).toMatchObject({ verdict: 'fail', limit: 1.05, unit: 'candidate/previous' });
  expect(worse.explanation).toMatch(
    /^p95 candidate\/previous 1\.(2[89]|3[01])\d \(.*\), limit PREVIOUS_MAX_RATIO=1\.05/,
  );
  expect(judgedVersions({}, { previous: 1.3 }).verdict).toBe('pass');
});

test('figures that only an agent has are compared without those of the host alone', () => {
  expect(judgedVersions({}, { enforce: 1.3 }, figuresOf).verdict).toBe('fail');
  expect(judgedVersions({ drift: 0.05, deviation: 0.001 }, {}, figuresOf).verdict).not.toBe('fail');
  expect(judgedVersions({ each: 1 }, { enforce: 100 }, figuresOf).explanation).toMatch(
    /too few blocks to tell: a single one.*too few blocks for an interval/,
  );
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

describe.each([
  ['times', ratiosOf],
  ['figures of an agent', figuresOf],
])('%s of two versions', (_, ratios) => {
  const verdicts = (options: Parameters<typeof blocks>[0], slower: Parameters<typeof blocks>[1]) =>
    Array.from(
      { length: RUNS },
      (_, seed) => versions({ ...options, seed }, slower, ratios).judged.verdict,
    );

  test.each([
    ['2 %', { deviation: 0.02 }],
    ['20 %', { deviation: 0.2 }],
    ['100 %', { deviation: 1 }],
    ['bursts that last a block', { deviation: 0.2, noise: bursts }],
  ])(
    'of 2000 runs on a host with noise of %s at most one blames a candidate that is equal',
    (_, options) => {
      const alarms = verdicts(options, {}).filter((verdict) => verdict === 'above');
      expect(alarms.length).toBeLessThanOrEqual(1);
    },
  );

  test('of 2000 runs at most two pass a candidate that costs 10 % more, and on a quiet host nearly all catch it', () => {
    const noisy = verdicts({ deviation: 0.2 }, { enforce: 1.1 });
    expect(noisy.filter((verdict) => verdict === 'within').length).toBeLessThanOrEqual(2);
    const quiet = verdicts({ deviation: 0.005 }, { enforce: 1.1 });
    expect(quiet.filter((verdict) => verdict === 'above').length).toBeGreaterThan(0.95 * RUNS);
  });
});
