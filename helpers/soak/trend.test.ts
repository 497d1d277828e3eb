import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { Readings, trendOf, trendText } from './trend.ts';

const series = (of: (second: number) => number, count = 60) =>
  Array.from({ length: count }, (_, seconds) => ({ seconds, value: of(seconds) }));

test('a leak is found with its size, through peaks that would bend a straight fit', () => {
  const trend = trendOf(series((second) => 7500 + 2 * second + (second === 55 ? 9000 : 0)));
  expect(trend?.perHour).toBeCloseTo(7200);
  expect(trend?.lowPerHour).toBeGreaterThan(0);
  expect(trendText(trend, 'KiB')).toMatch(/^trend \+7200 KiB\/h, .*: it grows$/);
});

test('memory that only wavers has no clear trend', () => {
  const trend = trendOf(series((second) => 7500 + ((second * 7919) % 13)));
  expect(trend?.lowPerHour).toBeLessThan(0);
  expect(trend?.highPerHour).toBeGreaterThan(0);
  expect(trendText(trend, 'KiB')).toContain('no clear trend');
});

test('memory that stands still has a trend of nothing', () => {
  expect(trendOf(series(() => 7500))).toMatchObject({ perHour: 0, lowPerHour: 0 });
});

test('one wild reading does not move the slope', () => {
  const y = [1, 2, 3, 4, 5, 16, 7, 8, 9, 10];
  expect(trendOf(y.map((value, seconds) => ({ seconds, value })))?.perHour).toBe(3600);
});

test('too few readings give no trend', () => {
  expect(trendOf(series(() => 1, 9))).toBeUndefined();
  expect(trendText(undefined, 'KiB')).toContain('no trend');
});

test('the interval holds the slope, whatever the readings', () => {
  const reading = fc.integer({ min: 0, max: 1e9 });
  fc.assert(
    fc.property(fc.array(reading, { minLength: 10, maxLength: 80 }), (values) => {
      const trend = trendOf(values.map((value, seconds) => ({ seconds, value })));
      if (trend === undefined) throw new Error('no trend');
      expect(trend.lowPerHour).toBeLessThanOrEqual(trend.perHour);
      expect(trend.highPerHour).toBeGreaterThanOrEqual(trend.perHour);
    }),
    propertyRuns(),
  );
});

test('a week of readings is kept in little memory and has the same trend', () => {
  const kept = new Readings();
  for (let seconds = 0; seconds < 604_800; seconds += 1) kept.add({ seconds, value: seconds });
  expect(kept.trend()?.perHour).toBeCloseTo(3600);
});

test('tells what goes on from what was ending', () => {
  const leak = trendOf(series((second) => 7500 + 2 * second));
  const cache = trendOf(series((second) => 7500 + 100 * Math.min(second, 25) + second));
  expect(leak?.lateShare).toBeCloseTo(0.5);
  expect(cache?.lowPerHour).toBeGreaterThan(0);
  expect(cache?.lateShare).toBeLessThan(0.3);
});

test('what comes while the agent settles is no trend, and what grows on is one', () => {
  const settling = new Readings();
  const leaking = new Readings();
  for (let seconds = 0; seconds < 300; seconds += 1) {
    settling.add({ seconds, value: 30 + Math.min(12, Math.floor(seconds / 5)) });
    leaking.add({ seconds, value: 30 + Math.floor(seconds / 60) });
  }
  expect(settling.trend()).toMatchObject({ perHour: 0, rise: 0 });
  expect(leaking.trend()?.lowPerHour).toBeGreaterThan(0);
  expect(leaking.trend()?.rise).toBeGreaterThan(3);
});
