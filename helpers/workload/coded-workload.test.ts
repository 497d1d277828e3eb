import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { CodedWorkload } from './coded-workload.ts';

const folder = mkdtempSync(join(tmpdir(), 'coded-workload-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ENOUGH_MS = 60_000;
const MODULE = JSON.stringify(new URL('./own-workload.ts', import.meta.url).href);
let made = 0;

/** A workload whose module has this text for its functions. */
function coded(functions: string, pieceSeconds = 10): CodedWorkload {
  made += 1;
  const path = join(folder, `${made}.ts`);
  writeFileSync(
    path,
    `import { workload } from ${MODULE};
const counts = { completed: 0, failed: 0, error: '' };
const again = (work: () => void) => { setInterval(work, 50); };
export const own = workload({ name: 'own', module: import.meta.url, start() {}, stop() {}, counts: () => counts, ${functions} });\n`,
  );
  const of = { name: 'own', module: pathToFileURL(path).href, pieceSeconds };
  return new CodedWorkload(of, { PATH: '/usr/bin:/bin' }, undefined);
}

test('one that works is asked what it has done, goes on until it has done one more piece, and is asked to end', async () => {
  const workload = coded(
    `start: () => again(() => { counts.completed += 1; }), stop: () => console.log('stopped in order')`,
  );
  await workload.untilItEnds(ENOUGH_MS);
  const { completed } = workload;
  expect(completed).toBeGreaterThan(0);
  await workload.stop();
  expect(workload.completed).toBeGreaterThan(completed);
  expect(workload.failed).toBe(0);
  expect(workload.told).toMatch(/^did \d+ pieces of work$/);
  expect(workload.output).toMatch(/^stopped in order\n.* pid \d+: \d+ completed, 0 failed\n$/);
});

test.each([
  [
    'a piece that fails',
    `start: () => again(() => { counts.failed += 1; counts.error = 'no more money'; })`,
    { end: expect.stringMatching(/^\d+ pieces? of work failed$/), words: 'no more money' },
  ],
  [
    'a start that throws',
    `start: () => { throw new Error('no such bank'); }`,
    { end: 'exit 1', words: expect.stringMatching(/Error: no such bank$/) },
  ],
  [
    'an end by a signal',
    `start: () => process.kill(process.pid, 'SIGTERM')`,
    { end: 'SIGTERM', words: '' },
  ],
  ['an end by itself', 'start: () => process.exit(0)', { end: 'exit 0', words: '' }],
  [
    'counts that are none',
    `counts: () => ({ completed: 'many' }) as never`,
    { end: expect.stringMatching(/^its counts are not \{ completed, failed \}: /) },
  ],
])('%s is a failure, with its reason', async (_name, functions, failure) => {
  const workload = coded(functions);
  await workload.untilItEnds(ENOUGH_MS);
  await workload.stop();
  expect(workload.completed).toBe(0);
  expect(workload.failures[0]).toMatchObject(failure);
});

test('one that does nothing for longer than a piece may take has failed', async () => {
  const workload = coded('', 1);
  await workload.untilItEnds(ENOUGH_MS);
  await workload.stop();
  expect(workload.failures[0]?.end).toBe('it completed nothing for 1 s');
});

test('a trial goes on for its time though a piece is well', async () => {
  const workload = coded(`start: () => again(() => {
    counts.completed += 1;
    if (counts.completed > 30) counts.failed += 1;
  })`);
  await workload.trial(ENOUGH_MS);
  await workload.stop();
  expect(workload.completed).toBeGreaterThan(0);
  expect(workload.failed).toBeGreaterThan(0);
});
