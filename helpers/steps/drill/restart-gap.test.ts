import { expect, test } from 'vitest';
import type { WatchReport } from './enforcement-watch.ts';
import { judgeGap, lateAgain, notEnforcing } from './restart-gap.ts';

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

test('a denial that comes late fails where an open of the gap began later than the limit', () => {
  expect(lateAgain(report, 400)).toMatchObject({ verdict: 'fail', value: 298, limit: 250 });
  expect(lateAgain(report, 460)).toBeUndefined();
});

test('opens that this host held up when the agent was back blame nobody', () => {
  const [before, gap] = report.stretches;
  const back = { outcome: 'denied', firstMs: 1300, lastMs: 1600, opens: 150 };
  const stalled = { ...report, stretches: [before, gap, back].flatMap((one) => one ?? []) };
  expect(lateAgain(stalled, 690)).toMatchObject({ verdict: 'inconclusive', value: 602 });
});

test('opens that still go through fail, and none that were made blame nobody', () => {
  const open = { ...report, stretches: report.stretches.slice(0, 2) };
  expect(notEnforcing(open, 'in order', 400)).toMatchObject({
    verdict: 'fail',
    value: 'allowed',
  });
  const longOpen = open.stretches.map((one) => ({ ...one, lastMs: one.lastMs + 6000 }));
  expect(notEnforcing({ ...open, stretches: longOpen }, 'in order', 400)?.verdict).toBe('fail');
  expect(notEnforcing(open, 'in order', 690)?.verdict).toBe('inconclusive');
  expect(notEnforcing(report, 'in order', 400)).toBeUndefined();
});
