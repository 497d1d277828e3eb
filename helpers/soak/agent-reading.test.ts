import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAgent } from './agent-reading.ts';

let root: ReturnType<typeof dirSync>;
beforeEach(() => {
  root = dirSync();
});
// What lies deeper than a path can say goes by steps.
afterEach(() => execFileSync('rm', ['-rf', root.name]));

const read = (pid: number) => readAgent({ identity: { pid }, log: { bytes: 7 } }, root.name, []);

/** Names of the figures that are missing. */
const missing = (pid: number) =>
  Object.entries(read(pid)).flatMap(([name, value]) => (value === undefined ? [name] : []));

test('a running process tells every figure', () => {
  expect(missing(process.pid)).toEqual([]);
});

test('files that cannot be read are missing alone', () => {
  // Longer than a path may be: not even root can ask for its size by name.
  const steps = 'for step in $(seq 20); do mkdir "$1" && cd -P "$1" || exit 1; done';
  execFileSync('mkdir', ['-p', join(root.name, 'var/lib/aegisbpf')]);
  const cwd = join(root.name, 'var/lib/aegisbpf');
  execFileSync('sh', ['-c', steps, 'sh', 'x'.repeat(250)], { cwd });
  expect(missing(process.pid)).toEqual(['filesKb']);
});

test('of a process that is gone only its files are told', () => {
  const { filesKb, childProcesses } = read(2 ** 22 + 1);
  expect([filesKb, childProcesses]).toEqual([0, 0]);
  expect(missing(2 ** 22 + 1)).toHaveLength(8);
});
