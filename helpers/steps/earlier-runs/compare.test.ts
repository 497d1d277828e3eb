import { expect, test } from 'vitest';
import { exampleRecords } from '../../../fixtures/examples/example-run.ts';
import { compareFigures, compareFindings } from './compare.ts';
import type { RunFigure } from './figures.ts';

const figure = (value: number, changes: Partial<RunFigure> = {}): RunFigure => ({
  ...{ name: 'memory', unit: 'kB', better: 'less', floor: 10, value },
  ...changes,
});
const figures = (...all: readonly RunFigure[]) => new Map(all.map((one) => [one.name, one]));

function verdict(own: RunFigure, ...earlier: readonly RunFigure[]) {
  const all = earlier.map((one) => figures(one));
  return compareFigures(figures(own), all, all, 1.25)[0]?.verdict;
}

test('what is more than the limit apart is worse or better, by what the figure is good for', () => {
  expect([150, 110, 70].map((value) => verdict(figure(value), figure(100)))).toEqual([
    ...['worse', 'same', 'better'],
  ]);
  const more = { better: 'more' } as const;
  expect([150, 70].map((value) => verdict(figure(value, more), figure(100, more)))).toEqual([
    ...['better', 'worse'],
  ]);
});

test('a figure is held against the middle one of the earlier runs, so that one odd hour decides nothing', () => {
  expect(verdict(figure(150), figure(100), figure(900), figure(110))).toBe('worse');
  expect(verdict(figure(150), figure(140), figure(10), figure(150))).toBe('same');
});

test('twice of next to nothing is the same, and what comes from nothing is worse', () => {
  expect([8, 0, 20].map((value) => verdict(figure(value), figure(0)))).toEqual([
    ...['same', 'same', 'worse'],
  ]);
});

test('intervals that reach over the limit leave it open', () => {
  const wide = { half: 0.2 };
  expect(verdict(figure(150, wide), figure(100, wide))).toBe('too noisy to tell');
  expect(verdict(figure(200, wide), figure(100, wide))).toBe('worse');
  expect(verdict(figure(100, { half: 0.01 }), figure(100, { half: 0.01 }))).toBe('same');
  expect(verdict(figure(100, wide), figure(100, wide))).toBe('too noisy to tell');
});

test('a figure that one side does not have is no data, and never good', () => {
  const other = figures(figure(5, { name: 'threads' }));
  const lines = compareFigures(figures(figure(5)), [other], [other], 1.25);
  expect(lines).toMatchObject([
    { name: 'memory', value: 5, earlier: [null], verdict: 'no data' },
    { name: 'threads', earlier: [5], against: 5, verdict: 'no data' },
  ]);
});

test('of runs that are not held against this one every figure is told all the same', () => {
  const [unlike, alike] = [figures(figure(500)), figures(figure(100))];
  expect(compareFigures(figures(figure(100)), [unlike, alike], [alike], 1.25)).toMatchObject([
    { earlier: [500, 100], against: 100, verdict: 'same' },
  ]);
});

test('a finding is new or fixed where the other run judged its criterion, and else not known', () => {
  const hole = { title: 'a hole', severity: 'high', detail: 'd' } as const;
  const own = exampleRecords({
    'audit.cpu': { verdict: 'fail' },
    'audit.stop': { verdict: 'fail' },
    'audit.alive': { verdict: 'skipped' },
    'coverage.audit.exec': { findings: [hole] },
    'exit.audit': { verdict: 'fail' },
  });
  const earlier = exampleRecords({
    'audit.alive': { verdict: 'fail' },
    'audit.stop': { verdict: 'inconclusive' },
    'audit.threads': { verdict: 'fail' },
    'coverage.audit.exec': { findings: [hole] },
  });
  expect(compareFindings(own, earlier)).toEqual({
    new: ['audit.cpu'],
    fixed: ['audit.threads'],
    same: ['coverage.audit.exec: a hole'],
    unknown: ['audit.stop', 'audit.alive'],
  });
});
