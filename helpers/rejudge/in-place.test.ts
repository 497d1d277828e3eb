import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { judgingCopy, placeOf } from '../evidence/run-directory.ts';
import { backInPlace, copyToJudge, putInPlace } from './in-place.ts';

/** Higher than any process can have (proc(5), pid_max). */
const NO_PROCESS = 2 ** 22 + 1;

let parent: ReturnType<typeof dirSync>;
let run: string;
beforeEach(() => {
  parent = dirSync({ unsafeCleanup: true });
  run = join(parent.name, 'run');
  mkdirSync(join(run, 'audit'), { recursive: true });
  writeFileSync(join(run, 'audit/soak.json'), 'as sealed');
});
afterEach(() => parent.removeCallback());

const soak = () => readFileSync(join(run, 'audit/soak.json'), 'utf8');

function copied(pid = process.pid): string {
  const copy = judgingCopy(run, pid);
  mkdirSync(copy);
  copyToJudge(run, copy);
  return copy;
}

test('a copy changes nothing in its run until it takes its place', () => {
  const copy = copied();
  expect(placeOf(copy)).toBe(run);
  writeFileSync(join(copy, 'audit/soak.json'), 'judged again');
  expect(soak()).toBe('as sealed');
  putInPlace(copy);
  expect(soak()).toBe('judged again');
  expect(readdirSync(parent.name)).toEqual(['run']);
});

test('a copy that a killed judging left is removed by the next one, and one of a process that runs is not', () => {
  const stale = copied(NO_PROCESS);
  const other = judgingCopy(run, process.ppid);
  mkdirSync(other);
  copied();
  expect([existsSync(stale), existsSync(other)]).toEqual([false, true]);
});

test('a judging that was killed between its two renames is taken back', () => {
  renameSync(run, join(parent.name, '.run.former'));
  backInPlace(run);
  expect(soak()).toBe('as sealed');
  backInPlace(run);
  expect(readdirSync(parent.name)).toEqual(['run']);
});
