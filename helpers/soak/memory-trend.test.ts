import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { MemoryReadings, trendOf, trendText } from './memory-trend.ts';

const series = (of: (second: number) => number, count = 60) =>
  Array.from({ length: count }, (_, seconds) => ({ seconds, rssKb: of(seconds) }));

test('a leak is found with its size, through peaks that would bend a straight fit', () => {
  const trend = trendOf(series((second) => 7500 + 2 * second + (second === 55 ? 9000 : 0)));
  expect(trend?.kbPerHour).toBeCloseTo(7200);
  expect(trend?.lowKbPerHour).toBeGreaterThan(0);
  expect(trendText(trend)).toMatch(/^advisory trend \+7200 KiB\/h, .*: it grows$/);
});

test('memory that only wavers has no clear trend', () => {
  const trend = trendOf(series((second) => 7500 + ((second * 7919) % 13)));
  expect(trend?.lowKbPerHour).toBeLessThan(0);
  expect(trend?.highKbPerHour).toBeGreaterThan(0);
  expect(trendText(trend)).toContain('no clear trend');
});

test('memory that stands still has a trend of nothing', () => {
  expect(trendOf(series(() => 7500))).toMatchObject({ kbPerHour: 0, lowKbPerHour: 0 });
});

test('one wild reading does not move the slope', () => {
  const y = [1, 2, 3, 4, 5, 16, 7, 8, 9, 10];
  expect(trendOf(y.map((rssKb, seconds) => ({ seconds, rssKb })))?.kbPerHour).toBe(3600);
});

test('too few readings give no trend', () => {
  expect(trendOf(series(() => 1, 9))).toBeUndefined();
  expect(trendText(undefined)).toContain('no trend');
});

test('the interval holds the slope, whatever the readings', () => {
  const reading = fc.integer({ min: 0, max: 1e9 });
  fc.assert(
    fc.property(fc.array(reading, { minLength: 10, maxLength: 80 }), (values) => {
      const trend = trendOf(values.map((rssKb, seconds) => ({ seconds, rssKb })));
      if (trend === undefined) throw new Error('no trend');
      expect(trend.lowKbPerHour).toBeLessThanOrEqual(trend.kbPerHour);
      expect(trend.highKbPerHour).toBeGreaterThanOrEqual(trend.kbPerHour);
    }),
    propertyRuns(),
  );
});

test('a week of readings is kept in little memory and has the same trend', () => {
  const kept = new MemoryReadings();
  for (let seconds = 0; seconds < 604_800; seconds += 1) kept.add({ seconds, rssKb: seconds });
  expect(kept.trend()?.kbPerHour).toBeCloseTo(3600);
});
