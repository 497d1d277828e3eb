import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GatheredPipe } from './gathered-pipe.ts';

let folder: ReturnType<typeof dirSync>;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterEach(() => folder.removeCallback());

/** A program that writes numbered lines: so many in each bunch, and so long between two. */
const WRITER = `
const [bunches, size, waitMs] = process.argv.slice(1).map(Number);
const { writeSync } = require('node:fs');
let n = 0;
const next = (left) => {
  for (let i = 0; i < size; i += 1) writeSync(1, 'line ' + (n += 1) + ' ' + 'x'.repeat(340) + '\\n');
  if (left > 1) setTimeout(() => next(left - 1), waitMs);
};
next(bunches);
`;

async function read(bunches: number, size: number, waitMs: number) {
  const path = join(folder.name, 'fifo');
  let [text, reads] = ['', 0];
  const pipe = new GatheredPipe(path, (chunk) => {
    text += chunk.toString();
    reads += 1;
  });
  const args = ['-e', WRITER, '--', ...[bunches, size, waitMs].map(String)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', pipe.writeEnd, 'inherit'] });
  pipe.closeWriteEnd();
  expect(existsSync(path)).toBe(false);
  child.once('exit', () => pipe.drain());
  await pipe.ended;
  const numbers = text.split('\n').map((line) => Number(line.split(' ')[1] ?? 0));
  return { numbers: numbers.slice(0, -1), reads };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('the lines of a soak all come, in order, with far fewer reads than lines', async () => {
  // 500 lines a second, in bunches as workers make them.
  const { numbers, reads } = await read(80, 25, 50);
  expect(numbers).toEqual(upTo(2000));
  expect(reads).toBeLessThan(1000);
});

test('a flood is read as it comes, and nothing of it is lost', async () => {
  const { numbers } = await read(20, 5000, 1);
  expect(numbers).toEqual(upTo(100_000));
});

test('a single line does not wait for others', async () => {
  expect((await read(1, 1, 0)).numbers).toEqual([1]);
});

test('a pipe that somebody else still holds open can be given up', async () => {
  const pipe = new GatheredPipe(join(folder.name, 'fifo'), () => {});
  pipe.close();
  await pipe.ended;
  pipe.closeWriteEnd();
});

test('nothing is read while it is held, its child waits meanwhile, and all comes once it is released', async () => {
  let text = '';
  const pipe = new GatheredPipe(join(folder.name, 'fifo'), (chunk) => {
    text += chunk.toString();
  });
  pipe.hold();
  const args = ['-e', WRITER, '--', '1', '1000', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', pipe.writeEnd, 'inherit'] });
  pipe.closeWriteEnd();
  // A pipe is full: its writer waits in write(2).
  await vi.waitUntil(() => readFileSync(`/proc/${child.pid}/wchan`, 'utf8').includes('pipe_write'));
  expect(text).toBe('');
  pipe.release();
  child.once('exit', () => pipe.drain());
  await pipe.ended;
  expect(text.split('\n')).toHaveLength(1001);
});
