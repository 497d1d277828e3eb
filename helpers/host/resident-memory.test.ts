import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { processResources } from './processes.ts';
import { memorySourceText, residentMemory } from './resident-memory.ts';

const ROLLUP = '5650729f5000-7ffd8c73e000 ---p 00000000 00:00 0 [rollup]\nRss:     50200 kB\n';
const STATUS = 'Name:\taegisbpf\nVmRSS:\t    7200 kB\n';

test('memory is what the kernel sums up, not its estimate, which lags by megabytes', () => {
  const both = (name: string) => (name === 'smaps_rollup' ? ROLLUP : STATUS);
  expect(residentMemory(both)).toEqual({ kb: 50_200, name: 'smaps_rollup' });
});

test('the estimate serves where there is no sum, and the words say so', () => {
  const estimate = (name: string) => (name === 'status' ? STATUS : undefined);
  expect(residentMemory(estimate)).toEqual({ kb: 7200, name: 'status' });
  expect(memorySourceText('/proc/7/status')).toContain('only estimates');
  expect(memorySourceText('/proc/7/smaps_rollup')).toBe('Rss of /proc/7/smaps_rollup');
});

test('without either there is no figure', () => {
  expect(residentMemory(() => undefined)).toBeUndefined();
  expect(residentMemory(() => '')).toBeUndefined();
});

test('a process at rest has exactly the memory of its smaps_rollup', async () => {
  const child = spawn('/bin/sleep', ['60']);
  const summedKb = () => {
    const rollup = readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8');
    return Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1]);
  };
  try {
    // Until it sleeps, it still loads.
    await vi.waitFor(() =>
      expect(processResources(child.pid ?? 0)).toMatchObject({
        rssKb: summedKb(),
        rssSource: `/proc/${child.pid}/smaps_rollup`,
      }),
    );
  } finally {
    child.kill('SIGKILL');
  }
});
