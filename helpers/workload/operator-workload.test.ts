import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { OperatorWorkload, stuckAfter } from './operator-workload.ts';

const folder = mkdtempSync(join(tmpdir(), 'operator-workload-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ENOUGH_MS = 60_000;
const shell = (script: string) =>
  new OperatorWorkload({
    command: ['/bin/sh', '-c', script],
    environment: { PATH: '/usr/bin:/bin' },
  });

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 20) {
    if (waited > ENOUGH_MS) throw new Error('it never came');
    await sleep(20);
  }
}

test('a run that ends well is followed by another, and each that does not is told with its own last words', async () => {
  const made = join(folder, 'made');
  const workload = shell(`mkdir ${made} && echo well && exit 0; echo "no more" >&2; exit 3`);
  await workload.untilItEnds(ENOUGH_MS);
  expect(workload).toMatchObject({ completed: 1, failed: 0 });
  await until(() => workload.failed > 0);
  await workload.stop();
  expect(workload.failures[0]).toMatchObject({ end: 'exit 3' });
  expect(workload.failures[0]?.words).toMatch(/File exists\nno more$/);
  expect(workload.output).toMatch(/^well\n/);
});

test('a program that is not there is a failure with its reason', async () => {
  const workload = new OperatorWorkload({ command: ['/no/such/program'], environment: {} });
  await workload.untilItEnds(ENOUGH_MS);
  await workload.stop();
  expect(workload.failures[0]?.end).toMatch(/^could not be started: .*ENOENT/);
});

test('a stop ends the program and what it has started, and is no failure of it', async () => {
  const pidFile = join(folder, 'pid');
  const workload = shell(
    `sleep 1000 & echo $! > ${pidFile}.part; mv ${pidFile}.part ${pidFile}; wait`,
  );
  await until(() => existsSync(pidFile));
  const child = Number(readFileSync(pidFile, 'utf8'));
  await workload.stop();
  expect(workload).toMatchObject({ completed: 0, failed: 0 });
  await until(
    () =>
      !existsSync(`/proc/${child}`) ||
      /^State:\tZ/m.test(readFileSync(`/proc/${child}/status`, 'utf8')),
  );
});

test('a run that lasts many times as long as those before is stuck, and one that never ended is a service', async () => {
  expect(stuckAfter(60_000, 3, 1000)).toBe(
    'it ended with exit code 0 3 times, each within 1.0 s, and then ran for 60.0 s without an end',
  );
  expect([
    stuckAfter(60_000, 0, 0),
    stuckAfter(29_000, 3, 100),
    stuckAfter(60_000, 1, 7000),
  ]).toEqual([undefined, undefined, undefined]);
  const made = join(folder, 'once');
  const workload = shell(`mkdir ${made} 2>&1 && exit 0; sleep 1000`);
  await until(() => workload.completed > 0);
  await sleep(1500);
  await workload.stop();
  // It has not lasted for long enough.
  expect(workload).toMatchObject({ completed: 1, failed: 0, stuck: undefined });
});
