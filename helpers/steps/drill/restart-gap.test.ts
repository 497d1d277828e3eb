import { expect, test } from 'vitest';
import { fail, inconclusive, pass } from '../../criteria/judgement.ts';
import type { WatchReport } from './enforcement-watch.ts';
import { judgeRestart, lateAgain, notEnforcing, type Restart, stillDenied } from './restart-gap.ts';

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
const counts = (value: number) => ({ known: true as const, value, source: 'a scrape' });
const restart: Restart = {
  ...{ report, ending: 'in order', enforceSignal: 'term', isBack: true },
  ...{ readyMs: 690, enforcingAgainMs: 250, counted: counts(300) },
  ...{ strangers: 0, told: pass('300 event lines'), source: 'restart.json' },
  ...{ mostMs: 5000, mostOpens: 5000 },
};
const judged = (value: number) => judgeRestart({ ...restart, counted: counts(value) });
/** This host let nothing be opened for 600 ms when the agent was back. */
const stalled: WatchReport = {
  ...report,
  stretches: report.stretches.map((one, at) =>
    at < 2 ? one : { ...one, firstMs: 1300, lastMs: 1600 },
  ),
};
/** Nothing was opened any more after the second start. */
const unopened = { ...report, stretches: report.stretches.slice(0, 2) };

test('an equation is printed only where both sides are equal', () => {
  expect(judged(300).explanation).toContain('300 denied opens = 300 counted over both lives');
});

test.each([299, 301])('%i counted of 300 denied passes with the tolerance and its reason', (n) => {
  const { verdict, explanation } = judged(n);
  expect(verdict).toBe('pass');
  expect(explanation).toContain(`300 opens were denied and ${n} counted`);
  expect(explanation).toMatch(/may differ by 1: the open under way when a life ends/);
  expect(explanation).not.toContain(' = ');
});

test('a gap as long as the limit passes, and a longer one fails with both figures', () => {
  const within = (mostMs: number) => judgeRestart({ ...restart, mostMs });
  expect(within(302)).toMatchObject({ verdict: 'pass', value: 302, limit: 302 });
  expect(within(297)).toMatchObject({ verdict: 'fail', value: 302, limit: 297 });
  expect(within(297).explanation).toContain(
    'gone for 302 ms, in which 150 opens went through, limit',
  );
  // The opens alone show 298 ms.
  expect(within(299).verdict).toBe('inconclusive');
});

test('as many opens as the limit pass, and one more fails, whatever the time and this host', () => {
  const within = (mostOpens: number, more: Partial<Restart> = {}) =>
    judgeRestart({ ...restart, mostOpens, ...more });
  expect(within(150)).toMatchObject({ verdict: 'pass', value: 302, limit: 5000, unit: 'ms' });
  expect(within(150).explanation).toContain(
    'in which 150 opens went through (limits MAX_RESTART_GAP_MS=5000, MAX_RESTART_GAP_OPENS=150)',
  );
  const over = { verdict: 'fail', value: 150, limit: 149, unit: 'opens' };
  expect(within(149)).toMatchObject(over);
  expect(within(149).explanation).toContain(
    'gone for 302 ms, in which 150 opens went through, limit MAX_RESTART_GAP_OPENS=149',
  );
  // The time alone would be inconclusive.
  expect(within(149, { mostMs: 299 })).toMatchObject(over);
});

test.each([298, 302])('%i counted of 300 denied is a failure', (n) => {
  expect(judged(n).verdict).toBe('fail');
});

const besideOthers = (strangers: number, value: number) =>
  judgeRestart({ ...restart, strangers, counted: counts(value) });

test.each([
  [2, 302],
  [40, 340],
  [40, 343],
  [40, 339],
])('%i opens of other programs are allowed for, and named: %i counted', (strangers, value) => {
  const { verdict, explanation } = besideOthers(strangers, value);
  expect(verdict).toBe('pass');
  expect(explanation).toContain(`(300 by us, ${strangers} by others)`);
  expect(explanation).toContain(`${value} counted`);
});

test.each([
  [2, 304, 'pass'],
  [2, 306, 'fail'],
  [2, 300, 'fail'],
  [40, 338, 'fail'],
  [40, 381, 'fail'],
  // Their lines may be lost with the ring of a life that ended.
  [40, 380, 'inconclusive'],
])(
  'beside %i opens of others %i counted of 300 denied is judged: %s',
  (strangers, value, verdict) => {
    expect(besideOthers(strangers, value).verdict).toBe(verdict);
  },
);

test('the rate is the one that was kept, not the one that was asked for', () => {
  expect(judged(300).explanation).toContain('under 450 opens/s');
});

test('a denial that comes late fails where an open of the gap began later than the limit', () => {
  expect(lateAgain(report, 400)).toMatchObject({ verdict: 'fail', value: 298, limit: 250 });
  expect(lateAgain(report, 460)).toBeUndefined();
});

test('opens that this host held up when the agent was back blame nobody', () => {
  expect(judgeRestart({ ...restart, report: stalled })).toMatchObject({
    verdict: 'inconclusive',
    value: 602,
  });
});

const unread: Partial<Restart> = {
  counted: { known: false, reason: 'unread', source: 'a scrape' },
};
const held: Partial<Restart> = { report: stalled };
const notOpened: Partial<Restart> = { report: unopened, isBack: false };
test.each<[string, Partial<Restart>]>([
  ['signals missing while this host stood still', { report: { ...stalled, signals: 150 } }],
  ['opens nobody counted while this host stood still', { ...held, counted: counts(200) }],
  ['wrong lines while this host stood still', { ...held, told: fail('wrong lines') }],
  ['wrong lines and a counter that cannot be read', { ...unread, told: fail('wrong lines') }],
  [
    'signals where nothing was opened any more',
    { ...notOpened, report: { ...unopened, signals: 0 } },
  ],
  ['wrong lines where nothing was opened any more', { ...notOpened, told: fail('wrong lines') }],
  ['wrong lines and a late denial', { readyMs: 400, told: inconclusive('few lines') }],
])('what nobody knows hides no failure: %s', (_, more) => {
  expect(judgeRestart({ ...restart, ...more }).verdict).toBe('fail');
});

test('a rule that is no longer listed fails, whatever this host hid', () => {
  expect(judgeRestart({ ...restart, ...notOpened }, fail('no rule'))).toMatchObject({
    verdict: 'fail',
    explanation: 'no rule',
  });
});

test.each<[string, Partial<Restart>]>([
  ['a counter that cannot be read', unread],
  ['too few lines', { told: inconclusive('few lines') }],
  ['nothing that was opened any more', { ...notOpened, report: { ...unopened, signals: 100 } }],
])('a restart with %s is inconclusive', (_, more) => {
  expect(judgeRestart({ ...restart, ...more }).verdict).toBe('inconclusive');
});

test('opens that still go through fail, and none that were made blame nobody', () => {
  const open = unopened;
  expect(notEnforcing(open, 'in order', 400)).toMatchObject({
    verdict: 'fail',
    value: 'allowed',
  });
  const longOpen = open.stretches.map((one) => ({ ...one, lastMs: one.lastMs + 6000 }));
  expect(notEnforcing({ ...open, stretches: longOpen }, 'in order', 400)?.verdict).toBe('fail');
  expect(notEnforcing(open, 'in order', 690)?.verdict).toBe('inconclusive');
  expect(notEnforcing(report, 'in order', 400)).toBeUndefined();
});

test.each([
  ['goes on to be denied fails', [100, 350], 'denied', 'fail'],
  ['nobody tried, as our process was stopped, blames nobody', [0, 350], 'denied', 'inconclusive'],
  ['nobody tried any more blames nobody', [100, 0], 'denied', 'inconclusive'],
  ['is free once our process goes on blames nobody', [100, 100], 'allowed', 'inconclusive'],
])('without an agent a file that %s', async (_, counts, outcome, verdict) => {
  const answers = [...counts];
  const watch = {
    ...{ outcome, until: () => Promise.resolve(false) },
    deniedSoFar: () => Promise.resolve(answers.shift() ?? 0),
  };
  expect(await stillDenied(watch, 0)).toMatchObject({ verdict, value: outcome });
});
