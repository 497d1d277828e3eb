import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, expect, test } from 'vitest';
import type { DecisionGroup } from '../agent/decision-groups.ts';
import { judgeReview, readReview, writeReviewNotes } from './review.ts';
import { RunDirectory } from './run-directory.ts';

const made: (() => void)[] = [];
afterEach(() => {
  for (const remove of made.splice(0)) remove();
});

function run(): RunDirectory {
  const folder = dirSync({ unsafeCleanup: true });
  made.push(folder.removeCallback);
  return RunDirectory.create(join(folder.name, 'run'));
}

const group = (key: string, action = 'AUDIT'): DecisionGroup => ({
  key,
  type: 'block',
  target: '1:2',
  comm: 'cat',
  cgroup: '/',
  action,
  count: 3,
  firstSeen: '2026-11-23T14:00:00.000Z',
  lastSeen: '2026-11-23T14:01:00.000Z',
  samples: [],
});

/** A review of two groups in which a person has edited the text. */
function reviewed(edit: (text: string) => string): RunDirectory {
  const directory = run();
  writeReviewNotes(directory, 'audit', [group('one'), group('two')]);
  directory.writeText('review.yaml', edit(directory.readText('review.yaml')));
  return directory;
}

const signed = (text: string) =>
  text
    .replaceAll('verdict: pending', 'verdict: legitimate')
    .replaceAll('reviewer: null', 'reviewer: Ada');

test('groups that nobody reviewed are inconclusive', () => {
  expect(judgeReview(reviewed((text) => text))).toMatchObject({
    verdict: 'inconclusive',
    value: 2,
  });
});

test('a review with a verdict and a reviewer for each group passes', () => {
  expect(judgeReview(reviewed(signed)).verdict).toBe('pass');
});

test.each(['null', '""', '"  "'])('a verdict of reviewer %s counts as not reviewed', (name) => {
  const judged = judgeReview(
    reviewed((text) => signed(text).replace('reviewer: Ada', `reviewer: ${name}`)),
  );
  expect(judged).toMatchObject({ verdict: 'inconclusive', value: 1 });
});

test('a critical false positive fails, also while others are pending or it is unsigned', () => {
  const directory = reviewed((text) =>
    text
      .replace('verdict: pending', 'verdict: false-positive')
      .replace('severity: high', 'severity: critical'),
  );
  expect(judgeReview(directory)).toMatchObject({ verdict: 'fail', value: 1 });
});

test('a false positive that is not critical passes once it is signed', () => {
  const directory = reviewed((text) =>
    signed(text).replace('verdict: legitimate', 'verdict: false-positive'),
  );
  expect(judgeReview(directory).verdict).toBe('pass');
});

test('broken YAML is inconclusive and its line is named', () => {
  const judged = judgeReview(reviewed((text) => `${text}  - group: "unclosed\n`));
  expect(judged.verdict).toBe('inconclusive');
  expect(judged.explanation).toMatch(/^review\.yaml: .* at line \d+/);
});

test('a word that is no verdict is inconclusive and its place is named', () => {
  const judged = judgeReview(reviewed((text) => text.replace('verdict: pending', 'verdict: fine')));
  expect(judged).toMatchObject({
    verdict: 'inconclusive',
    explanation: 'review.yaml: groups.0.verdict: expected pending, legitimate or false-positive',
  });
});

test('an empty review file is inconclusive, a missing one too', () => {
  expect(judgeReview(reviewed(() => '')).verdict).toBe('inconclusive');
  expect(judgeReview(run())).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining('there is no review.yaml'),
  });
});

test('a soak without foreign decisions has nothing to review and passes', () => {
  const directory = run();
  writeReviewNotes(directory, 'audit', []);
  expect(judgeReview(directory)).toMatchObject({ verdict: 'pass', value: 0 });
});

test('a later phase keeps what a person wrote, in its order, and adds its own groups', () => {
  const directory = reviewed(signed);
  writeReviewNotes(directory, 'enforce', [group('zero', 'TERM'), group('one', 'TERM')]);
  writeReviewNotes(directory, 'audit', [group('two'), group('one')]);
  const state = readReview(directory);
  expect(
    state.ok && state.groups.map((one) => [one.phase, one.group, one.verdict, one.severity]),
  ).toEqual([
    ['audit', 'one', 'legitimate', 'high'],
    ['audit', 'two', 'legitimate', 'high'],
    ['enforce', 'zero', 'pending', 'critical'],
    ['enforce', 'one', 'pending', 'critical'],
  ]);
});

test('a group’s hostile name survives being written and read', () => {
  const directory = run();
  const hostile = 'block | x\n- group: "y" # : {}\u001b[2J';
  writeReviewNotes(directory, 'audit', [group(hostile)]);
  const state = readReview(directory);
  expect(state.ok && state.groups.map((one) => one.group)).toEqual([hostile]);
});
