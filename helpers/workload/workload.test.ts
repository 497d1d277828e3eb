import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Workload, type WorkloadOptions } from './workload.ts';

let folder: ReturnType<typeof dirSync>;
const workloads: Workload[] = [];
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterEach(() => {
  for (const workload of workloads.splice(0)) workload.kill();
  folder.removeCallback();
});

function workload(options: Partial<WorkloadOptions> = {}): Workload {
  const made = new Workload(
    {
      ...{ task: { target: '/dev/null' }, workers: 2, rate: 100, name: 'worker' },
      environment: { PATH: '/usr/bin:/bin' },
      ...options,
    },
    { file: (...names) => join(folder.name, names.at(-1) ?? '') },
    'audit',
  );
  workloads.push(made);
  return made;
}

test('a worker that ends at its start is told at once, with its exit code', async () => {
  // A worker refuses a rate of nothing.
  await expect(workload({ rate: 0 }).start()).rejects.toThrow(
    /worker-\d \(pid \d+\) ended at its start with exit code 1/,
  );
});

test('a worker that is killed at its start is told at once, with the signal', async () => {
  const NODE_OPTIONS = "--import=data:text/javascript,process.kill(process.pid,'SIGKILL')";
  await expect(workload({ environment: { NODE_OPTIONS } }).start()).rejects.toThrow(
    /ended at its start by SIGKILL/,
  );
});

test('a worker that was killed later is told with its signal', async () => {
  const killed = workload();
  await killed.start();
  const [pid = 0] = killed.pids();
  process.kill(pid, 'SIGKILL');
  await expect(killed.stop()).rejects.toThrow(`(worker-0 (pid ${pid}) by SIGKILL)`);
});

test('nothing is attempted before the work begins, and its rate is of the time since then', async () => {
  const paced = workload({ rate: 50 });
  await paced.up();
  expect((await paced.countsNow()).attempts).toBe(0);
  expect(paced.attemptsPerSecond()).toBeUndefined();
  paced.begin();
  await vi.waitFor(() => expect(paced.counts().attempts).toBeGreaterThan(20), 30_000);
  const { attempts } = await paced.stop();
  const rate = paced.attemptsPerSecond() ?? 0;
  // A worker catches up, but never ahead of the pace: one attempt each may come at the very beginning.
  expect(rate).toBeLessThanOrEqual(50 * (attempts / (attempts - 2)));
  expect(rate).toBeGreaterThan(0);
});
