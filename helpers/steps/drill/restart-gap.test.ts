import { expect, test } from 'vitest';
import type { WatchReport } from './enforcement-watch.ts';
import { judgeGap } from './restart-gap.ts';

/** 300 denied opens around 150 that went through, in a second. */
const report: WatchReport = {
  stretches: [
    { outcome: 'denied', firstMs: 0, lastMs: 398, opens: 100 },
    { outcome: 'allowed', firstMs: 400, lastMs: 698, opens: 150 },
    { outcome: 'denied', firstMs: 700, lastMs: 1000, opens: 200 },
  ],
  opens: 450,
  signals: 300,
};
const judged = (value: number) =>
  judgeGap(report, 'in order', 250, { known: true, value, source: 'a scrape' }, 'restart.json');

test('an equation is printed only where both sides are equal', () => {
  expect(judged(300).explanation).toContain('300 denied opens = 300 counted over both lives');
});

test.each([299, 301])('%i counted of 300 denied passes with the tolerance and its reason', (n) => {
  const { verdict, explanation } = judged(n);
  expect(verdict).toBe('pass');
  expect(explanation).toContain(`300 opens were denied and ${n} counted`);
  expect(explanation).toMatch(/may differ by 1: the open under way when a life ends/);
  expect(explanation).not.toContain('=');
});

test.each([298, 302])('%i counted of 300 denied is a failure', (n) => {
  expect(judged(n).verdict).toBe('fail');
});

test('the rate is the one that was kept, not the one that was asked for', () => {
  expect(judged(300).explanation).toContain('under 450 opens/s');
});
