import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, expect, test, vi } from 'vitest';
import {
  agentInstances,
  isRunning,
  listProcesses,
  processesMarked,
  processIdentity,
  processResources,
} from './processes.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function start(program: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: '/usr/bin:/bin', ...env },
  });
  children.push(child);
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error('no pid');
  return { child, pid: child.pid };
}

function identityOf(pid: number) {
  const identity = processIdentity(pid);
  if (identity === undefined) throw new Error(`pid ${pid} is gone`);
  return identity;
}

test('a process runs until it has ended, and another with its pid is not it', async () => {
  const { child, pid } = await start('sleep', ['30']);
  const identity = identityOf(pid);
  expect(isRunning(identity)).toBe(true);
  expect(isRunning({ pid, startTicks: identity.startTicks + 1 })).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect([isRunning(identity), processIdentity(pid), processResources(pid)]).toEqual([
    false,
    undefined,
    undefined,
  ]);
});

test('a zombie has ended and is not listed', async () => {
  // The shell starts a child, then becomes a program that never reaps it.
  const { child } = await start('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 30']);
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  const identity = identityOf(Number(line.toString()));
  expect(isRunning(identity)).toBe(true);
  await vi.waitFor(() => expect(isRunning(identity)).toBe(false), { timeout: 5000 });
  expect(processIdentity(identity.pid)).toEqual(identity);
  expect(listProcesses().some(({ pid }) => pid === identity.pid)).toBe(false);
});

test('only processes that carry exactly the mark are ours', async () => {
  const value = `run-${process.pid}`;
  const ours = await start('sleep', ['30'], { CANARY_TEST_MARK: value });
  await start('sleep', ['30'], { CANARY_TEST_MARK: `${value}0` });
  await start('sleep', ['30'], { XCANARY_TEST_MARK: value });
  await vi.waitFor(() =>
    expect(processesMarked('CANARY_TEST_MARK', value).map(({ pid }) => pid)).toEqual([ours.pid]),
  );
});

test('an instance is found by its name, and a renamed one by the candidate’s file', async () => {
  const folder = dirSync({ unsafeCleanup: true });
  const [named, renamed] = [join(folder.name, 'aegisbpf'), join(folder.name, 'x) R (y')];
  for (const path of [named, renamed]) copyFileSync('/bin/sleep', path);
  const [first, second] = [await start(named, ['30']), await start(renamed, ['30'])];
  const pids = (candidate: string) => agentInstances(candidate).map(({ pid }) => pid);
  await vi.waitFor(() =>
    expect(pids(renamed)).toEqual(expect.arrayContaining([first.pid, second.pid])),
  );
  expect(pids(named)).not.toContain(second.pid);
  expect(listProcesses().find(({ pid }) => pid === second.pid)).toMatchObject({
    comm: 'x) R (y',
    parentPid: process.pid,
  });
  folder.removeCallback();
});

test('resources of a running process are read', async () => {
  const resources = processResources(process.pid);
  expect(resources?.rssKb).toBeGreaterThan(1000);
  expect(resources?.threads).toBeGreaterThan(0);
  expect(resources?.fileDescriptors).toBeGreaterThan(2);
});
