import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, expect, test } from 'vitest';
import type { AgentEvent } from '../agent/contract/events.ts';
import { RunDirectory } from '../evidence/run-directory.ts';
import type { KnownEvent } from '../settings/known-events.ts';
import { judgeReview } from './judge-review.ts';
import { lostNotes } from './lost-notes.ts';
import type { ReviewedPhase, ReviewGroup } from './recorded-groups.ts';
import { recordedGroups } from './recorded-groups.ts';
import { readReview, writeAnswer } from './review-file.ts';
import { writeReviewNotes } from './review-notes.ts';

const made: (() => void)[] = [];
afterEach(() => {
  for (const remove of made.splice(0)) remove();
});

const TODAY = new Date('2026-11-23T14:00:00Z');

function run(): RunDirectory {
  const folder = dirSync({ unsafeCleanup: true });
  made.push(folder.removeCallback);
  return RunDirectory.create(join(folder.name, 'run'));
}

const group = (name: string, changes: Partial<ReviewGroup> = {}): ReviewGroup => ({
  group: name,
  type: 'block',
  target: '/srv/app.conf',
  program: 'cat',
  unit: 'cron.service',
  action: 'AUDIT',
  count: 3,
  firstSeen: '2026-11-23T14:00:00.000Z',
  lastSeen: '2026-11-23T14:01:00.000Z',
  examples: [],
  ...changes,
});

function write(
  directory: RunDirectory,
  phase: ReviewedPhase,
  groups: readonly ReviewGroup[],
  known: readonly KnownEvent[] = [],
) {
  return writeReviewNotes(directory, { phase, groups, known, enforceSignal: 'term', now: TODAY });
}

/** A review of two groups in which a person has edited the text. */
function reviewed(edit: (text: string) => string): RunDirectory {
  const directory = run();
  write(directory, 'audit', [group('one'), group('two')]);
  directory.writeText('review.yaml', edit(directory.readText('review.yaml')));
  return directory;
}

const judge = (directory: RunDirectory) => judgeReview(directory, TODAY);

const signed = (text: string) =>
  text
    .replaceAll('verdict: pending', 'verdict: legitimate')
    .replaceAll('reviewer: null', 'reviewer: Ada')
    .replaceAll('date: null', 'date: 2026-11-23');

const critical = (text: string) =>
  signed(text)
    .replace('verdict: legitimate', 'verdict: false-positive')
    .replace('severity: high', 'severity: critical');

const entries = (directory: RunDirectory) => {
  const state = readReview(directory);
  if (!state.ok) throw new Error(state.reason);
  return state.groups;
};

test("decisions on the operator's unit carry its name and stand first, however few they are", () => {
  const directory = run();
  const others = Array.from({ length: 300 }, (_, index) => group(`other ${index}`, { count: 9 }));
  const ours = group('ours', { unit: 'app.service', count: 1 });
  writeReviewNotes(directory, {
    ...{ phase: 'audit', groups: [...others, ours], known: [], enforceSignal: 'term' },
    ...{ workloadUnit: 'app.service', now: TODAY },
  });
  const text = directory.readText('review.yaml');
  expect(text).toMatch(
    /^ {2}# 1 decisions on WORKLOAD_UNIT; each would be refused.*\n {2}- group: ours\n[^#]*workload: WORKLOAD_UNIT/m,
  );
  expect(text.indexOf('group: ours')).toBeLessThan(text.indexOf('group: other 0'));
  expect(text.match(/workload: /g)).toHaveLength(1);
});

test('groups that nobody reviewed are inconclusive', async () => {
  expect(await judge(reviewed((text) => text))).toMatchObject({
    verdict: 'inconclusive',
    value: 2,
  });
});

test('a review with a verdict, a reviewer and a date for each group passes', async () => {
  expect((await judge(reviewed(signed))).verdict).toBe('pass');
});

test.each([
  ['reviewer: Ada', 'reviewer: null'],
  ['reviewer: Ada', 'reviewer: ""'],
  ['reviewer: Ada', 'reviewer: "  "'],
  ['date: 2026-11-23', 'date: null'],
])('%s as %s counts as not reviewed', async (was, is) => {
  const judged = await judge(reviewed((text) => signed(text).replace(was, is)));
  expect(judged).toMatchObject({ verdict: 'inconclusive', value: 1 });
});

test('a review that expired yesterday is pending again, and one that expires today holds', async () => {
  const until = (day: string) =>
    reviewed((text) => signed(text).replace('expires: null', `expires: ${day}`));
  expect(await judge(until('2026-11-22'))).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining('1 of them because it expired'),
  });
  expect((await judge(until('2026-11-23'))).verdict).toBe('pass');
});

test('a critical false positive fails, also while others are pending or it is unsigned', async () => {
  const directory = reviewed((text) =>
    text
      .replace('verdict: pending', 'verdict: false-positive')
      .replace('severity: high', 'severity: critical'),
  );
  expect(await judge(directory)).toMatchObject({ verdict: 'fail', value: 1 });
});

test.each([
  ['a note alone', { note: 'it is fine' }, 'fail'],
  ['a resolution without a note', { resolution: 'resolved' }, 'fail'],
  ['resolved with a note', { resolution: 'resolved', note: 'the job reads a copy now' }, 'pass'],
  ['accepted without an end', { resolution: 'accepted', note: 'until the fix' }, 'fail'],
  [
    'accepted until a day',
    { resolution: 'accepted', note: 'until the fix', expires: '2026-12-31' },
    'pass',
  ],
  [
    'accepted until yesterday',
    { resolution: 'accepted', note: 'until the fix', expires: '2026-11-22' },
    'fail',
  ],
] as const)('a critical false positive with %s is judged', async (_, answer, verdict) => {
  const directory = reviewed(critical);
  const [first] = entries(directory);
  if (first === undefined) throw new Error('no entry');
  writeAnswer(directory, first, { ...first, ...answer });
  expect(await judge(directory)).toMatchObject({ verdict });
});

test('a false positive that is not critical passes once it is signed', async () => {
  const directory = reviewed((text) =>
    signed(text).replace('verdict: legitimate', 'verdict: false-positive'),
  );
  expect((await judge(directory)).verdict).toBe('pass');
});

test('broken YAML is inconclusive, with line and column', async () => {
  const judged = await judge(reviewed((text) => `${text}  - group: "unclosed\n`));
  expect(judged.verdict).toBe('inconclusive');
  expect(judged.explanation).toMatch(/^review\.yaml:\d+:\d+: /);
});

test.each([
  ['verdict: pending', 'verdict: fine', 'expected pending, legitimate or false-positive'],
  ['severity: high', 'severity: 3', 'expected critical, high, medium or low'],
  ['date: null', 'date: tomorrow', 'expected a day as YYYY-MM-DD'],
  ['phase: audit', 'phase: both', 'expected audit, enforce, coverage, cost or rollback'],
])('%s written as %s is inconclusive at its line and column', async (was, is, why) => {
  const directory = reviewed((text) => text.replace(was, is));
  const lines = directory.readText('review.yaml').split('\n');
  const line = lines.findIndex((text) => text.includes(is)) + 1;
  const column = (lines[line - 1]?.indexOf(is) ?? 0) + is.indexOf(':') + 3;
  const judged = await judge(directory);
  expect(judged).toMatchObject({
    verdict: 'inconclusive',
    explanation: `review.yaml:${line}:${column}: groups[1].${is.split(':')[0]}: ${why}`,
  });
});

test('every bad entry is named, not only the first', async () => {
  const judged = await judge(
    reviewed((text) => text.replaceAll('verdict: pending', 'verdict: fine')),
  );
  expect(judged.explanation.match(/groups\[\d\]\.verdict/g)).toEqual([
    'groups[1].verdict',
    'groups[2].verdict',
  ]);
});

test('an empty review file is inconclusive, a missing one too', async () => {
  expect((await judge(reviewed(() => ''))).verdict).toBe('inconclusive');
  expect(await judge(run())).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining('there is no review.yaml'),
  });
});

test('an entry that somebody took out is missed', async () => {
  const directory = reviewed((text) =>
    signed(text).replace(/ {2}# 3 decisions[\s\S]*?(?= {2}# 3)/, ''),
  );
  expect(entries(directory)).toHaveLength(1);
  expect(await judge(directory)).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining('without an entry in review.yaml: one'),
  });
});

test('a soak without foreign decisions has nothing to review and passes', async () => {
  const directory = run();
  write(directory, 'audit', []);
  expect(await judge(directory)).toMatchObject({ verdict: 'pass', value: 0 });
});

test('a later phase keeps every word, comment and order of a person, and adds its own groups', () => {
  const directory = reviewed(
    (text) => `# my own remark\n${signed(text).replace('note: null', 'note: seen #1 # why not')}\n`,
  );
  const before = directory.readText('review.yaml');
  write(directory, 'enforce', [
    group('zero', { action: 'TERM' }),
    group('one', { action: 'TERM' }),
  ]);
  expect(directory.readText('review.yaml').startsWith(before.trimEnd())).toBe(true);
  write(directory, 'audit', [group('two'), group('one')]);
  expect(
    entries(directory).map((one) => [one.phase, one.group, one.verdict, one.severity]),
  ).toEqual([
    ['audit', 'one', 'legitimate', 'high'],
    ['audit', 'two', 'legitimate', 'high'],
    ['enforce', 'zero', 'pending', 'critical'],
    ['enforce', 'one', 'pending', 'critical'],
  ]);
});

test('a file that cannot be read is left as it is', () => {
  const directory = reviewed(() => 'groups: [');
  write(directory, 'enforce', [group('three')]);
  expect(directory.readText('review.yaml')).toBe('groups: [');
});

test('an answer changes its entry and nothing else', () => {
  const directory = reviewed((text) => text.replace('verdict: pending', 'verdict: pending # ?'));
  const before = directory.readText('review.yaml').split('\n');
  const [, second] = entries(directory);
  if (second === undefined) throw new Error('no entry');
  const answer = { verdict: 'legitimate', severity: 'low', reviewer: 'Ada', date: '2026-11-23' };
  writeAnswer(directory, second, { ...second, ...answer } as typeof second);
  const after = directory.readText('review.yaml').split('\n');
  const changed = after.filter((line, index) => line !== before[index]);
  expect(changed.map((line) => line.trim())).toEqual([
    'verdict: legitimate',
    'severity: low',
    'reviewer: Ada',
    'date: 2026-11-23',
  ]);
});

test("a group's hostile name survives being written and read", () => {
  const directory = run();
  const hostile = 'block | x\n- group: "y" # : {}\u001b[2J';
  write(directory, 'audit', [group(hostile)]);
  expect(entries(directory).map((one) => one.group)).toEqual([hostile]);
});

const knownEvent = (changes: Partial<KnownEvent> = {}): KnownEvent => ({
  group: 'one',
  verdict: 'legitimate',
  severity: 'low',
  note: 'nightly job',
  reviewer: 'Ada',
  date: '2026-08-01',
  ...changes,
});

test('a known event fills its verdict in, whatever its count, and stands behind what is open', async () => {
  const directory = run();
  expect(
    write(directory, 'audit', [group('one', { count: 9999 }), group('two')], [knownEvent()]),
  ).toEqual({ entries: 2, known: 1 });
  expect(entries(directory).map((one) => [one.group, one.verdict, one.reviewer])).toEqual([
    ['two', 'pending', null],
    ['one', 'legitimate', 'Ada'],
  ]);
  expect(await judge(directory)).toMatchObject({ verdict: 'inconclusive', value: 1 });
});

test.each([
  ['expired', { expires: '2026-11-22' }],
  ['was never signed', { reviewer: null }],
  ['has no date', { date: null }],
])('a known event that %s fills nothing in', (_, changes) => {
  const directory = run();
  write(directory, 'audit', [group('one')], [knownEvent(changes)]);
  expect(entries(directory)[0]).toMatchObject({ verdict: 'pending', reviewer: null });
});

test('a critical false positive that was known before still fails', async () => {
  const directory = run();
  const known = knownEvent({ verdict: 'false-positive', severity: 'critical' });
  write(directory, 'audit', [group('one')], [known]);
  expect((await judge(directory)).verdict).toBe('fail');
});

test('a million decisions in ten thousand groups stay a file that a person can read', async () => {
  const directory = run();
  const groups = Array.from({ length: 10_000 }, (_, index) =>
    group(`group ${index}`, {
      count: index < 100 ? 9_000 : 100_000 / 9_900,
      examples: [{ type: 'block', ino: index } as unknown as AgentEvent],
    }),
  ).map((one) => ({ ...one, count: Math.round(one.count) }));
  write(directory, 'audit', groups);
  const written = entries(directory);
  const total = (list: readonly { readonly count: number }[]) =>
    list.reduce((sum, { count }) => sum + count, 0);
  expect(written).toHaveLength(201);
  expect(written.at(-1)).toMatchObject({ group: 'tail of audit' });
  expect(total(written)).toBe(total(groups));
  expect(readFileSync(directory.file('review.yaml')).length).toBeLessThan(200_000);
  let recorded = 0;
  for await (const one of recordedGroups(directory)) recorded += one.count;
  expect(recorded).toBe(total(groups));
  expect(await judge(directory)).toMatchObject({ verdict: 'inconclusive', value: 201 });
  directory.writeText('review.yaml', signed(directory.readText('review.yaml')));
  expect((await judge(directory)).verdict).toBe('pass');
});

/** The record of a phase's notes as its criterion left it. */
const recorded = (directory: RunDirectory, phase: ReviewedPhase, groups: number) =>
  directory.record({
    ...{ id: `${phase}.review-notes`, title: 'the notes are written', section: phase },
    ...{ verdict: 'pass', explanation: 'decisions of others', value: groups, unit: 'groups' },
    ...{ at: TODAY.toISOString(), durationMs: 1 },
  });

test.each([
  ['review.yaml', ['review.yaml']],
  ['decision-groups.ndjson', ['decision-groups.ndjson']],
  ['decision-groups.ndjson', ['review.yaml', 'decision-groups.ndjson']],
])(
  '%s that vanishes behind an earlier phase is missing evidence: %j removed',
  async (named, gone) => {
    const directory = run();
    write(directory, 'audit', [group('one'), group('two')]);
    recorded(directory, 'audit', 2);
    expect(await lostNotes(directory)).toBeUndefined();
    for (const name of gone) rmSync(directory.file(name));
    expect(await lostNotes(directory)).toContain(named);
    write(directory, 'enforce', []);
    recorded(directory, 'enforce', 0);
    // The new review has no word of what is lost.
    expect(await judge(directory)).toMatchObject({ verdict: 'inconclusive' });
  },
);

test('groups that were cut out of the record are missed, whatever the review still holds', async () => {
  const directory = reviewed(signed);
  recorded(directory, 'audit', 3);
  expect(await judge(directory)).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining(
      'decision-groups.ndjson holds 2 groups of the audit phase',
    ),
  });
  recorded(directory, 'audit', 2);
  expect((await judge(directory)).verdict).toBe('pass');
});
