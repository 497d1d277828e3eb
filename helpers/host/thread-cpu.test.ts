import { expect, test } from 'vitest';
import { cpuBetween, shareUnhindered, threadCpu } from './thread-cpu.ts';

test('tells the CPU time of a process between two moments, finer than a tick', () => {
  const before = threadCpu(process.pid);
  const begun = process.threadCpuUsage().user;
  while (process.threadCpuUsage().user - begun < 3000);
  const after = threadCpu(process.pid);
  if (before === undefined || after === undefined) throw new Error('this process is not in /proc');
  expect(cpuBetween(before, after)).toBeGreaterThanOrEqual(3);
});

const spent = (runMs: number, waitMs = 0) => ({ runNs: 1e6 * runMs, waitNs: 1e6 * waitMs });
const none = new Map<string, ReturnType<typeof spent>>();

test('counts a thread that came in between, and nothing of one that ended', () => {
  const before = new Map([
    ['1', spent(5)],
    ['2', spent(9)],
  ]);
  const after = new Map([
    ['1', spent(7)],
    ['3', spent(1)],
  ]);
  expect(cpuBetween(before, after)).toBe(3);
});

test('a busy loop has a whole processor, however long it waits for one, and an idle thread has little', () => {
  expect(shareUnhindered(none, new Map([['1', spent(260, 740)]]), 1000)).toBe(1);
  expect(shareUnhindered(none, new Map([['1', spent(10, 500)]]), 1000)).toBe(0.02);
  const both = new Map([
    ['1', spent(1000)],
    ['2', spent(500, 0)],
  ]);
  expect(shareUnhindered(none, both, 1000)).toBe(1.5);
});

test('of a process that is gone there is nothing', () => {
  expect(threadCpu(2 ** 22 + 1)).toBeUndefined();
});
