import { appendFileSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CriterionRecord, RunDirectory, runName } from './run-directory.ts';

let parent: ReturnType<typeof dirSync>;
let umask: number;
beforeEach(() => {
  umask = process.umask(0o027);
  parent = dirSync({ unsafeCleanup: true });
});
afterEach(() => {
  process.umask(umask);
  parent.removeCallback();
});

const record = (id: string, verdict: CriterionRecord['verdict']): CriterionRecord => ({
  id,
  section: 'audit',
  title: id,
  at: '2026-11-23T14:00:00.000Z',
  durationMs: 1,
  verdict,
  explanation: 'because',
});
const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a directory that exists is never taken for a new run', () => {
  const path = join(parent.name, 'run');
  mkdirSync(path);
  expect(() => RunDirectory.create(path)).toThrow(/EEXIST/);
});

test.each(['an empty folder', 'nothing'])('a planted link to %s is refused, not followed', (to) => {
  const target = join(parent.name, 'elsewhere');
  if (to !== 'nothing') mkdirSync(target);
  const path = join(parent.name, 'run');
  symlinkSync(target, path);
  expect(() => RunDirectory.create(path)).toThrow(/EEXIST/);
  expect(existsSync(target) ? readdirSync(target) : []).toEqual([]);
});

test('evidence is readable by its owner and group only', () => {
  const run = RunDirectory.create(join(parent.name, 'run'));
  run.record(record('audit.soak', 'pass'));
  run.log('begun');
  run.writeJson('soak.json', {});
  expect([modeOf(run.path), modeOf(run.directory('audit'))]).toEqual([0o750, 0o750]);
  for (const name of ['criteria.ndjson', 'canary.log', 'soak.json']) {
    expect(modeOf(run.file(name))).toBe(0o640);
  }
});

test('a later record never hides a worse one of the same criterion', () => {
  const run = RunDirectory.create(join(parent.name, 'run'));
  expect(run.criteria().size).toBe(0);
  run.record(record('a', 'fail'));
  run.record(record('b', 'pass'));
  run.record(record('a', 'pass'));
  run.record(record('b', 'inconclusive'));
  expect([...run.criteria()].map(([id, { verdict }]) => [id, verdict])).toEqual([
    ['a', 'fail'],
    ['b', 'inconclusive'],
  ]);
});

test('a record that was taken back to be judged again counts no more', () => {
  const run = RunDirectory.create(join(parent.name, 'run'));
  run.record(record('a', 'fail'));
  run.record({ ...record('a', 'inconclusive'), takenBack: true });
  expect(run.criteria().get('a')?.verdict).toBe('inconclusive');
  run.record(record('a', 'pass'));
  expect(run.criteria().get('a')?.verdict).toBe('pass');
});

test('the criteria are NDJSON as line readers know it, and a torn line is told as one', () => {
  const run = RunDirectory.create(join(parent.name, 'run'));
  run.record(record('a', 'pass'));
  appendFileSync(run.file('criteria.ndjson'), '{"id":"b","verdict":"fa');
  expect(run.unreadableCriteria()).toBe(1);
  run.record(record('c', 'pass'));
  const lines = run.readText('criteria.ndjson').split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    record('a', 'pass'),
    { torn: '{"id":"b","verdict":"fa' },
    record('c', 'pass'),
  ]);
  expect([...run.criteria().keys()]).toEqual(['a', 'c']);
  expect(run.unreadableCriteria()).toBe(1);
});

test('a whole line that only lacks its end is kept as it is', () => {
  const run = RunDirectory.create(join(parent.name, 'run'));
  appendFileSync(run.file('criteria.ndjson'), JSON.stringify(record('a', 'fail')));
  run.record(record('b', 'pass'));
  expect([...run.criteria().keys()]).toEqual(['a', 'b']);
  expect(run.unreadableCriteria()).toBe(0);
});

test('a record is read back as it was written', () => {
  const run = RunDirectory.create(join(parent.name, 'run'));
  const written: CriterionRecord = {
    ...record('a', 'fail'),
    explanation: 'two\nlines "quoted" \u2028',
    value: 1,
    limit: '0',
    findings: [{ title: 'f', severity: 'high', detail: 'd' }],
  };
  run.record(written);
  expect(run.criteria().get('a')).toEqual(written);
});

test('the canary log keeps a message of several lines under one time', () => {
  const run = RunDirectory.create(join(parent.name, 'run'));
  run.log('one\ntwo');
  expect(run.readText('canary.log')).toMatch(/^\S+Z one\n {4}two\n$/);
});

test('names of runs sort by time, and hosts of equal time and pid have names of their own', () => {
  const at = (time: string, host = 'staging-3') => runName('all', new Date(time), host, 4711);
  expect(at('2026-11-23T14:05:09Z')).toBe('2026-11-23T14-05-09Z-staging-3-all-4711');
  expect(at('2026-11-23T09:00:00Z') < at('2026-11-23T10:00:00Z', 'a')).toBe(true);
  expect(at('2026-11-23T14:05:09Z', '../é b')).toBe('2026-11-23T14-05-09Z-..___b-all-4711');
  expect(at('2026-11-23T14:05:09Z', '')).toBe('2026-11-23T14-05-09Z-unnamed-all-4711');
  expect(at('2026-11-23T14:05:09Z', 'x'.repeat(300)).length).toBeLessThan(100);
});
