import fc from 'fast-check';
import { expect, test } from 'vitest';
import { latencyCounts } from './latency-schemas.ts';
import { LatencyHistogram } from './open-latency.ts';

const histogramOf = (milliseconds: readonly number[]) => {
  const histogram = new LatencyHistogram();
  for (const one of milliseconds) histogram.record(one);
  return histogram;
};

test('each percentile is within five percent of the open of that rank', () => {
  const times = fc.array(fc.double({ min: 0.0002, max: 60_000, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(times, (milliseconds) => {
      const sorted = milliseconds.map((one) => one * 1000).sort((a, b) => a - b);
      const exact = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
      const summary = histogramOf(milliseconds).summary();
      expect(summary?.opens).toBe(sorted.length);
      for (const [value, share] of [
        [summary?.p50, 0.5],
        [summary?.p99, 0.99],
        [summary?.max, 1],
      ] as const)
        expect(Math.abs((value ?? Number.NaN) / exact(share) - 1)).toBeLessThan(0.05);
    }),
  );
});

test('what several workers tell adds up, and nothing is told twice', () => {
  const [first, second, all] = [histogramOf([0.01, 0.02]), histogramOf([5]), histogramOf([])];
  all.add(latencyCounts.parse(first.take()));
  all.add(first.take());
  all.add(second.take());
  expect(all.summary()).toMatchObject({ opens: 3, p50: 20.7, max: 4870 });
});

test('without an open there is no latency, and a clock that stands still is no error', () => {
  expect(histogramOf([]).summary()).toBeUndefined();
  expect(histogramOf([0]).summary()).toMatchObject({ opens: 1, max: 0.0964 });
  expect(histogramOf([1e9]).summary()?.opens).toBe(1);
});
