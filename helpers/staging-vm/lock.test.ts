import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test, vi } from 'vitest';
import { StagingVmError } from './ending.ts';
import { underLock } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'staging-vm-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { signal } = new AbortController();
const lock = join(folder, 'lock');

/** Our children; the holder of the lock is one of them. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

test('two works under one lock run one after the other', async () => {
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} begins`);
    await sleep(50);
    events.push(`${name} ends`);
  };
  const works = ['one', 'two'].map((name) => underLock(lock, signal, () => {}, work(name)));
  await Promise.all(works);
  const [first, second] = [events[0]?.split(' ')[0], events[2]?.split(' ')[0]];
  expect(new Set([first, second])).toEqual(new Set(['one', 'two']));
  expect(events[1]).toBe(`${first} ends`);
  expect(events[3]).toBe(`${second} ends`);
});

test('without the lock the work does not run', async () => {
  let ran = false;
  const work = async () => {
    ran = true;
  };
  const path = join(folder, 'nowhere/lock');
  const locked = underLock(path, signal, () => {}, work);
  await expect(locked).rejects.toThrow(StagingVmError);
  await expect(locked).rejects.toThrow(/nowhere\/lock cannot be locked: .*No such file/);
  expect(ran).toBe(false);
});

test('a lock that is lost during the work makes the work a failure', async () => {
  const before = new Set(childrenOf(process.pid));
  const locked = underLock(
    join(folder, 'lost'),
    signal,
    () => {},
    async () => {
      const holder = childrenOf(process.pid).find((pid) => !before.has(pid)) ?? 0;
      process.kill(holder, 'SIGKILL');
      await vi.waitFor(() => expect(childrenOf(process.pid)).not.toContain(holder));
    },
  );
  await expect(locked).rejects.toThrow('was lost during the work');
});
