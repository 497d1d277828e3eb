import { expect, test } from 'vitest';
import { type FullRing, judgeFullRing } from './full-ring.ts';
import type { Answer } from './site.ts';
import type { Line, Route } from './table.ts';

const refused: Answer = { outcome: 'refused', errno: 'EPERM', call: 'open' };
const otherErrno: Answer = { outcome: 'refused', errno: 'EIO', call: 'open' };
const passed: Answer = { outcome: 'passed' };

const route = (
  name: Route,
  full: Answer | string = refused,
  read: Answer | string = refused,
): FullRing['routes'][number] => ({
  line: { kind: 'root', route: name, group: 'open-modes', expected: 'denied' } satisfies Line,
  ...{ full, read },
});

const counts = (dropped: number, decisions: number) => ({
  dropped: { file: dropped, network: 0 },
  decisions,
});

/** 2 routes and an open before, 100 and the 2 routes meanwhile: 62 of these 105 are told, and 43 counted as dropped. */
const met = (change: Partial<FullRing> = {}, more: Partial<FullRing['counts']> = {}) => ({
  ...{ before: { EPERM: 1 }, flood: { EPERM: 100 }, told: 62 },
  routes: [route('read'), route('udp-send'), route('truncate', passed, passed)],
  ...change,
  counts: {
    start: counts(0, 3),
    full: counts(41, 106),
    behindRoutes: counts(43, 108),
    end: counts(43, 108),
    ...more,
  },
});
const judge = (...change: Parameters<typeof met>) =>
  judgeFullRing(met(...change), 'full-ring.json');

test('denials that hold, and are told or counted as dropped, pass', () => {
  expect(judge()).toMatchObject({
    verdict: 'pass',
    explanation:
      'with a full ring 100 attempts and 2 routes were refused with EPERM; 62 event lines and 43 counted drops account for them',
  });
});

test.each<[string, Partial<FullRing>, RegExp]>([
  [
    'a route that goes through',
    { routes: [route('read'), route('udp-send', passed), route('append', otherErrno)] },
    /^a sendto to the address by root went through while nobody read .* so is 1 other of 3 routes$/,
  ],
  ['another errno', { routes: [route('read', otherErrno)] }, /by root met EIO while nobody/],
  ['an open that goes through', { flood: { EPERM: 98, 'let through': 2 } }, /^2 of 100 attempts/],
  ['a denial that nobody tells', { told: 61 }, /: 1 have no line and are not counted as dropped$/],
])('%s fails', (_, change, words) => {
  const judgement = judge(change);
  expect(judgement.verdict).toBe('fail');
  expect(judgement.explanation).toMatch(words);
});

test('denials that no counter has fail', () => {
  const judgement = judge({}, { end: counts(43, 107) });
  expect(judgement).toMatchObject({ verdict: 'fail' });
  expect(judgement.explanation).toMatch(/105 attempts were refused, .* counts 104 decisions/);
});

test('a program that is denied by its name is missed among the drops by nobody', () => {
  const routes = [route('read'), route('udp-send'), route('exec-by-name')];
  expect(judge({ routes, told: 63 }, { start: counts(0, 2) }).verdict).toBe('pass');
});

test.each<[string, Partial<FullRing>, Partial<FullRing['counts']>, RegExp]>([
  [
    'an agent that denies nothing before',
    { before: { 'let through': 1 } },
    {},
    /^an open of a denied file was not refused .*"let through":1/,
  ],
  [
    'metrics that do not answer',
    {},
    { full: undefined },
    /neither the endpoint nor the command line gave/,
  ],
  ['a ring that is read', {}, { full: counts(42, 106) }, /not full all the time/],
  ['routes that nobody refuses', { routes: [], told: 58 }, {}, /not full all the time: 0 routes/],
  [
    'a process that tells nothing',
    { routes: [route('read', 'its process ended with 1: boom')] },
    {},
    /^nobody knows how open for reading by root ended .*boom/,
  ],
])('%s: inconclusive', (_, change, more, words) => {
  const judgement = judge(change, more);
  expect(judgement.verdict).toBe('inconclusive');
  expect(judgement.explanation).toMatch(words);
});

test('drops of denied files that the gauge of their own ring does not tell fail', () => {
  const [start, end] = [counts(0, 3), counts(43, 108)];
  const told = (priority: number | undefined) =>
    judge({}, { start: { ...start, priority: 7 }, end: { ...end, priority } });
  expect(told(7).explanation).toMatch(
    /43 dropped lines on denied files, and none in aegisbpf_back/,
  );
  expect([told(9).verdict, told(undefined).verdict]).toEqual(['pass', 'pass']);
});
