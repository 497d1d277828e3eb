import { expect, test } from 'vitest';
import { countersAgree } from './counters-agree.ts';
import { soakResult } from './result.ts';
import { eventsTellTheTruth, insteadOf } from './witness.ts';

const known = (value: number) => ({ known: true, value, source: 'scrape' });
const witness = {
  ...{ subject: 'the soak file', named: 'dev:ino 7:8', examined: 100, unknown: 0, missing: 0 },
  ...{ fields: [{ field: 'comm', told: 100, untold: 0 }], wrong: [], misnamed: [] },
};
const tells = (field: string, told: number) => ({
  ...witness,
  fields: [...witness.fields, { field, told, untold: 100 - told }],
});
const wrong = [{ field: 'comm', expected: '"node"', told: '"sshd"', lines: 3, sample: '{…}' }];
const misnamed = [{ told: 'dev:ino 9:8', lines: 90, sample: '{…}' }];
const total = {
  ...{ counter: 'aegisbpf_blocks_total', told: known(100), least: 100, most: 100, others: 0 },
};
const reading = { what: 'stats', told: 100, least: 100, most: 100, between: 'two scrapes' };

const soak = (changes: Record<string, unknown> = {}) =>
  soakResult.parse({
    ...{ mode: 'audit', enforceSignal: 'term', startedAt: '', endedAt: '', askedSeconds: 1 },
    ...{ measuredSeconds: 1, wallSeconds: 1, bootSeconds: 1, askedRate: 1, workers: 1 },
    attempts: { attempts: 100, allowed: 100, eperm: 0, otherErrno: {}, signals: 0, skipped: 0 },
    victims: { run: 0, signalled: 0, read: 0, denied: 0, other: [] },
    ...{ decisions: known(100), drops: known(0), ownDecisions: known(100) },
    ...{ ownEventLines: 100, strangerEventLines: 0, linesByAction: {}, hostDecisions: 0 },
    ...{ rss: { samples: 0 }, samples: { taken: 1, failed: 0, source: 'scrape' } },
    ...{ agent: { alive: true, pid: 1 }, stateChanges: [], errors: [] },
    streamDefects: { notJson: 0, invalid: 0, oversized: 0, samples: [] },
    ...{ witnesses: [witness], counters: [total], readings: [reading] },
    ...changes,
  });
const dead = { agent: { alive: false, pid: 1 } };

test.each([
  ['lines that are right', { witnesses: [witness] }, 'pass', /100 event lines of ours compared/],
  [
    'a wrong field',
    { witnesses: [{ ...witness, wrong }] },
    'fail',
    /comm: expected "node", saw "sshd" in 3 of 100 lines on the soak file; for example \{…\}/,
  ],
  [
    'another inode in place of ours',
    { witnesses: [{ ...witness, examined: 0, missing: 100, misnamed }] },
    'fail',
    /dev:ino: expected dev:ino 7:8, saw dev:ino 9:8 in 90 lines of our processes, while 100 on/,
  ],
  [
    "another inode beside ours: the host's own rule",
    { witnesses: [{ ...witness, misnamed }] },
    'pass',
    /100 event lines/,
  ],
  [
    'exec lines that are right',
    { execLines: { ...witness, subject: 'starts', examined: 5, unknown: 2 } },
    'pass',
    /exec lines compared: 5 \(of 2 more the processes had ended\)/,
  ],
  [
    'no exec line, which an agent need not write',
    { execLines: { ...witness, subject: 'starts', examined: 0 } },
    'pass',
    /100 event lines of ours compared .*; no exec line to compare/,
  ],
  [
    'an exec line with another name',
    { execLines: { ...witness, subject: 'starts', examined: 5, wrong } },
    'fail',
    /comm: expected "node", saw "sshd" in 3 of 5 lines on starts/,
  ],
  [
    'right exec lines and no line of a decision',
    { witnesses: [{ ...witness, examined: 0 }], execLines: { ...witness, subject: 'starts' } },
    'inconclusive',
    /for none arrived/,
  ],
  ['no line', { witnesses: [{ ...witness, examined: 0 }] }, 'inconclusive', /for none arrived/],
  ['no witness', { witnesses: [] }, 'inconclusive', /no event line was compared/],
  [
    'processes that nobody could look at',
    { witnesses: [{ ...witness, examined: 0, unknown: 4 }] },
    'inconclusive',
    /the processes of 4 lines had ended/,
  ],
  [
    'another inode in place of ours, where nobody knows what was dropped',
    {
      witnesses: [{ ...witness, examined: 10, missing: 90, misnamed }],
      drops: { known: false, reason: 'gone', source: 'x' },
    },
    'pass',
    /10 event lines of ours compared/,
  ],
  [
    'a quarter of the lines that nobody could look at',
    { witnesses: [{ ...witness, examined: 75, unknown: 25 }] },
    'pass',
    /75 of 100 event lines of ours compared/,
  ],
  [
    'more lines than that',
    { witnesses: [{ ...witness, examined: 74, unknown: 26 }] },
    'inconclusive',
    /only 74 of 100 event lines on the soak file could be compared, at least 75 %/,
  ],
  [
    'a parent that is never told',
    { witnesses: [tells('ppid', 0)] },
    'inconclusive',
    /too few of 100 event lines on the soak file have .*, at least 75 % .*: ppid in 0 of 100$/,
  ],
  [
    'a parent that one line in a hundred tells',
    { witnesses: [tells('ppid', 1)] },
    'inconclusive',
    /ppid in 1 of 100$/,
  ],
  [
    'a parent that three in four lines tell',
    { witnesses: [tells('ppid', 75)] },
    'pass',
    /compared field by field: comm, ppid$/,
  ],
  [
    'a parent that exec lines never tell',
    { execLines: { ...tells('ppid', 0), subject: 'starts' } },
    'inconclusive',
    /too few of 100 event lines on starts .*: ppid in 0 of 100$/,
  ],
  [
    'a trace id that is never told',
    { witnesses: [tells('trace_id', 0)] },
    'pass',
    /in no line: trace_id/,
  ],
  [
    'a cgroup path that is never told',
    { witnesses: [tells('cgroup_path', 0)] },
    'pass',
    /in no line: cgroup_path/,
  ],
  ['a dead agent', dead, 'inconclusive', /died/],
])('event fields: %s', (_, changes, verdict, says) => {
  const judgement = eventsTellTheTruth(soak(changes));
  expect(judgement.verdict, judgement.explanation).toBe(verdict);
  expect(judgement.explanation).toMatch(says);
});

test.each([
  [
    'the number that we counted',
    {},
    'pass',
    /blocks_total grew by 100 = 100 of ours; stats is 100/,
  ],
  [
    'one less',
    { counters: [{ ...total, told: known(99) }] },
    'fail',
    /grew by 99, and our own attempts alone are 100/,
  ],
  [
    'one that nobody made',
    { counters: [{ ...total, told: known(101) }] },
    'fail',
    /leave 1 unexplained/,
  ],
  [
    'one of others, told by an event line',
    { counters: [{ ...total, told: known(101), others: 1 }] },
    'pass',
    /100 of ours \+ 1 of others/,
  ],
  [
    'more than the lines of others, which a full ring may have lost',
    { counters: [{ ...total, told: known(105), others: 1 }] },
    'inconclusive',
    /leave 4 unexplained/,
  ],
  [
    'one more, where nobody knows what was dropped',
    {
      counters: [{ ...total, told: known(101) }],
      drops: { known: false, reason: 'gone', source: 'x' },
    },
    'inconclusive',
    /leave 1 unexplained/,
  ],
  [
    'a dropped line of others',
    { counters: [{ ...total, told: known(101) }], drops: known(1) },
    'pass',
    /1 of others/,
  ],
  [
    'a family that is missing',
    { counters: [{ ...total, told: { known: false, reason: 'gone', source: 'x' } }] },
    'inconclusive',
    /gone/,
  ],
  ['no counter', { counters: [], readings: [] }, 'inconclusive', /no counter was compared/],
  ['a soak that ended early', { readings: [] }, 'pass', /the soak ended early/],
  ['stats that tell less', { readings: [{ ...reading, told: 99 }] }, 'fail', /stats is 99, but/],
  ['stats that tell more', { readings: [{ ...reading, told: 101 }] }, 'fail', /stats is 101, but/],
  [
    'stats that cannot be read',
    { readings: [{ what: 'stats', between: '' }] },
    'inconclusive',
    /stats cannot be read/,
  ],
  ['a dead agent', dead, 'inconclusive', /died/],
])('counters: %s', (_, changes, verdict, says) => {
  const judgement = countersAgree(soak(changes));
  expect(judgement.verdict, judgement.explanation).toBe(verdict);
  expect(judgement.explanation).toMatch(says);
});

test('what arrived in place of missing lines is told, and nothing where none is missing', () => {
  expect(insteadOf({ ...witness, missing: 100, misnamed })).toBe(
    '; 90 event lines of our processes had dev:ino 9:8 instead of dev:ino 7:8',
  );
  expect(insteadOf({ ...witness, misnamed })).toBe('');
  expect(insteadOf(undefined)).toBe('');
});
