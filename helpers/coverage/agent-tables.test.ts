import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { countedTables, forgottenIn, judgeTables, keptIn, keptText } from './agent-tables.ts';

const table = (id: number, entries: number, has = { hasThreaded: false, hasSingle: false }) => ({
  ...{ id, name: `map${id}`, entries, most: 65_536 },
  ...has,
});

test('a table that grew by half of what has ended keeps it, and one that others grow does not', () => {
  const before = [table(1, 10), table(2, 0)];
  expect(keptIn(before, [table(1, 12), table(2, 249)], 500)).toEqual([]);
  const kept = keptIn(before, [table(1, 508), table(2, 3)], 500);
  expect(kept).toEqual([{ name: 'map1', entries: 498, most: 65_536 }]);
  expect(keptText(kept, 500, 'threads')).toContain(
    "498 of 500 threads that had ended are still in the agent's table map1; it has room for 65536",
  );
});

test('a table forgets a living process where it still knows one beside it that has ended no thread', () => {
  const known = (id: number, hasThreaded: boolean, hasSingle: boolean) =>
    table(id, 2, { hasThreaded, hasSingle });
  const before = [known(1, true, true), known(2, true, true), known(3, true, true)];
  const behind = [known(1, false, true), known(2, true, true), known(3, false, false)];
  expect(forgottenIn(before, behind)).toEqual(['map1']);
  expect(forgottenIn([known(1, false, true)], [known(1, false, true)])).toEqual([]);
  expect(forgottenIn([], behind)).toEqual([]);
});

test('a table that was not there before shows nothing', () => {
  expect(keptIn([], [table(1, 500)], 500)).toEqual([]);
});

test('an agent without a table is no pass', () => {
  expect(judgeTables([], 500, 'x').verdict).toBe('inconclusive');
  const passes = (has?: { hasThreaded: boolean; hasSingle: boolean }) =>
    judgeTables([table(1, 0, has)], 500, 'x');
  expect(passes()).toMatchObject({
    verdict: 'pass',
    explanation: expect.stringContaining('nothing is said of those'),
  });
  expect(passes({ hasThreaded: true, hasSingle: true })).toMatchObject({
    verdict: 'pass',
    explanation: expect.stringContaining('or forgets a living process'),
  });
});

test('the process that counts tells what a process without tables has, and why one that is gone cannot be counted', async () => {
  const told = async (pid: number) => {
    const script = fileURLToPath(new URL('agent-tables-process.ts', import.meta.url));
    const child = fork(script, [JSON.stringify({ pid, times: 3 })], { execArgv: [] });
    const [message] = await once(child, 'message');
    return countedTables.parse(message);
  };
  expect(await told(process.pid)).toEqual({ before: [], behindProcesses: [], behindThreads: [] });
  expect(await told(2 ** 30)).toEqual({ failed: expect.stringContaining('ENOENT') });
});
