import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
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

test('the latest record of a criterion counts, in the place of the first', () => {
  const run = RunDirectory.create(join(parent.name, 'run'));
  expect(run.criteria().size).toBe(0);
  run.record(record('a', 'fail'));
  run.record(record('b', 'pass'));
  run.record(record('a', 'pass'));
  expect([...run.criteria()].map(([id, { verdict }]) => [id, verdict])).toEqual([
    ['a', 'pass'],
    ['b', 'pass'],
  ]);
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

test('names of runs sort by time', () => {
  const at = (time: string) => runName('all', new Date(time), 4711);
  expect(at('2026-11-23T14:05:09Z')).toBe('2026-11-23T14-05-09Z-all-4711');
  expect(at('2026-11-23T09:00:00Z') < at('2026-11-23T10:00:00Z')).toBe(true);
});
