import { expect, test } from 'vitest';
import { cpuBetween, threadCpu } from './thread-cpu.ts';

test('tells the CPU time of a process between two moments, finer than a tick', () => {
  const before = threadCpu(process.pid);
  const begun = process.threadCpuUsage().user;
  while (process.threadCpuUsage().user - begun < 3000);
  const after = threadCpu(process.pid);
  if (before === undefined || after === undefined) throw new Error('this process is not in /proc');
  expect(cpuBetween(before, after)).toBeGreaterThanOrEqual(3);
});

test('counts a thread that came in between, and nothing of one that ended', () => {
  const before = new Map([
    ['1', 5_000_000],
    ['2', 9_000_000],
  ]);
  expect(
    cpuBetween(
      before,
      new Map([
        ['1', 7_000_000],
        ['3', 1_000_000],
      ]),
    ),
  ).toBe(3);
});

test('of a process that is gone there is nothing', () => {
  expect(threadCpu(2 ** 22 + 1)).toBeUndefined();
});
