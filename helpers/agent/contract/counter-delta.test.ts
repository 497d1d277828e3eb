import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyRuns } from '../../../fixtures/examples/property-tools.ts';
import { counterDelta } from './counter-delta.ts';
import { type Metrics, parseMetrics } from './metrics.ts';

function scrape(...lines: readonly string[]): Metrics {
  const parsed = parseMetrics(
    `# TYPE c counter\n# TYPE g gauge\nother 1\n${lines.map((line) => `${line}\n`).join('')}`,
  );
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

test('growth is the difference of the two scrapes', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      expect(counterDelta(scrape(`c ${low}`), scrape(`c ${high}`), 'c')).toEqual({
        state: 'delta',
        value: high - low,
      });
    }),
    propertyRuns(),
  );
});

test('a labelled family is summed', () => {
  const before = scrape('c{t="x"} 1', 'c{t="y"} 10');
  const after = scrape('c{t="y"} 12', 'c{t="x"} 4');
  expect(counterDelta(before, after, 'c')).toEqual({ state: 'delta', value: 5 });
});

test('a family with a line that cannot be read has no growth, and the line is told', () => {
  const unreadable = { state: 'unreadable', reason: expect.stringContaining('saw "NaN"') };
  const [good, bad] = [scrape('c 1'), scrape('c 1', 'c{t="y"} NaN')];
  expect(counterDelta(good, bad, 'c')).toEqual({ ...unreadable, where: 'after' });
  expect(counterDelta(bad, good, 'c')).toEqual({ ...unreadable, where: 'before' });
});

test('the growth of one series does not hide the reset of another', () => {
  const before = scrape('c{t="x"} 5', 'c{t="y"} 10');
  const after = scrape('c{t="x"} 500', 'c{t="y"} 9');
  expect(counterDelta(before, after, 'c')).toEqual({
    state: 'decreased',
    series: 'c{t="y"}',
    before: 10,
    after: 9,
  });
});

test('absence is said with its side, for families and for series', () => {
  const [with_, without] = [scrape('c 1'), scrape()];
  expect(counterDelta(without, with_, 'c')).toMatchObject({ state: 'missing', where: 'before' });
  expect(counterDelta(with_, without, 'c')).toMatchObject({ state: 'missing', where: 'after' });
  expect(counterDelta(without, without, 'c')).toMatchObject({
    state: 'missing',
    where: 'both',
  });
  const [x, xy] = [scrape('c{t="x"} 1'), scrape('c{t="x"} 1', 'c{t="y"} 1')];
  expect(counterDelta(x, xy, 'c')).toEqual({
    state: 'missing',
    where: 'before',
  });
  expect(counterDelta(xy, x, 'c')).toMatchObject({ state: 'missing', where: 'after' });
});

test('a gauge and an undeclared family are no counters', () => {
  expect(counterDelta(scrape('g 1'), scrape('g 2'), 'g')).toMatchObject({ state: 'missing' });
  expect(counterDelta(scrape(), scrape(), 'other')).toMatchObject({ state: 'missing' });
});
