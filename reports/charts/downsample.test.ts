import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { keepExtremes, type Point } from './downsample.ts';

const series = fc
  .array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 400 })
  .map((values): Point[] => values.map((y, x) => [x, y]));

test('keeps the lowest and the highest figure, in the order of time, and no other point', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 1, max: 50 }), (points, buckets) => {
      const kept = keepExtremes(points, buckets);
      expect(kept.length).toBeLessThanOrEqual(Math.max(buckets * 2, 0));
      for (const point of kept) expect(points).toContain(point);
      const times = kept.map(([x]) => x);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      const figures = (of: readonly Point[]) => of.map(([, y]) => y);
      expect(Math.max(...figures(kept))).toBe(Math.max(...figures(points)));
      expect(Math.min(...figures(kept))).toBe(Math.min(...figures(points)));
    }),
    propertyRuns(),
  );
});

test('a peak of one sample in a week of them is still there', () => {
  const week = Array.from({ length: 604_800 }, (_, x): Point => [x, x === 400_001 ? 99 : 1]);
  const kept = keepExtremes(week, 400);
  expect(kept.length).toBeLessThanOrEqual(800);
  expect(kept).toContainEqual([400_001, 99]);
});
