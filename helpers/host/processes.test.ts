import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, expect, test, vi } from 'vitest';
import { sha256OfFile } from '../files/sha256.ts';
import {
  agentInstances,
  agentsAmong,
  isRunning,
  listProcesses,
  processesMarked,
  processIdentity,
  processResources,
  runsProgram,
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
  expect([isRunning(identity), processIdentity(pid)]).toEqual([false, undefined]);
  expect(Object.values(processResources(pid)).filter((one) => one !== undefined)).toEqual([]);
});

test('a zombie has ended and is not listed', async () => {
  // The shell starts a child, then becomes a program that never reaps it.
  const { child, pid } = await start('sh', ['-c', 'sleep 30 & echo $!; exec tail -f /dev/null']);
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  const identity = identityOf(Number(line.toString()));
  // Until it is that program, the shell may still take the end of its child.
  await vi.waitFor(() => expect(listProcesses().find((one) => one.pid === pid)?.comm).toBe('tail'));
  expect(isRunning(identity)).toBe(true);
  process.kill(identity.pid, 'SIGKILL');
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

test('a daemon of the agent is found by its name, and a renamed one or a copy by what it runs', async () => {
  const folder = dirSync({ unsafeCleanup: true });
  const at = (name: string) => join(folder.name, name);
  const candidate = at('x) R (y');
  for (const path of [at('aegisbpf'), candidate, at('aegisbpf-0.11.0')])
    copyFileSync('/bin/sleep', path);
  // The same size and other bytes.
  copyFileSync('/bin/sleep', at('other'));
  truncateSync(at('other'), statSync(candidate).size - 1);
  appendFileSync(at('other'), 'x');
  const [named, renamed, copied, other] = [
    await start(at('aegisbpf'), ['--', '30']),
    await start(candidate, ['--', '30']),
    await start(at('aegisbpf-0.11.0'), ['--', '30']),
    await start(at('other'), ['--', '30']),
  ];
  const pids = () => agentInstances({ path: candidate }).daemons.map(({ pid }) => pid);
  await vi.waitFor(() =>
    expect(pids()).toEqual(expect.arrayContaining([named.pid, renamed.pid, copied.pid])),
  );
  expect(pids()).not.toContain(other.pid);
  const sha256 = await sha256OfFile(candidate);
  rmSync(candidate);
  // The file is gone or another by now, and its bytes still run.
  const running = processIdentity(renamed.pid);
  expect(running && runsProgram(running, { path: candidate, sha256 })).toBe(true);
  expect(listProcesses().find(({ pid }) => pid === renamed.pid)).toMatchObject({
    comm: 'x) R (y',
    parentPid: process.pid,
  });
  folder.removeCallback();
});

test('an agent among processes of ours is found by what it runs, and no other is taken for one', async () => {
  const folder = dirSync({ unsafeCleanup: true });
  const at = (name: string) => join(folder.name, name);
  for (const name of ['candidate', 'aegisbpf-0.11.0', 'aegisbpf'])
    copyFileSync(name === 'aegisbpf' ? '/usr/bin/tail' : '/bin/sleep', at(name));
  const copy = await start(at('aegisbpf-0.11.0'), ['30']);
  const named = await start(at('aegisbpf'), ['-f', '/dev/null']);
  const other = await start('/usr/bin/tail', ['-f', '/dev/null']);
  const pids = [copy, named, other].map(({ pid }) => pid);
  const agentPids = (...paths: readonly string[]) => {
    const ours = listProcesses().filter(({ pid }) => pids.includes(pid));
    return agentsAmong(
      ours,
      paths.map((path) => ({ path })),
    ).map(({ pid }) => pid);
  };
  await vi.waitFor(() =>
    expect(agentPids('/bin/true', at('candidate'))).toEqual([copy.pid, named.pid]),
  );
  expect(agentPids('/bin/true')).toEqual([named.pid]);
  folder.removeCallback();
});

test('a command of the agent that ends by itself is no running agent', async () => {
  const folder = dirSync({ unsafeCleanup: true });
  const agent = join(folder.name, 'aegisbpf');
  copyFileSync('/bin/sleep', agent);
  const command = await start(agent, ['30']);
  const seen = () => agentInstances({ path: agent });
  await vi.waitFor(() =>
    expect(seen().commands.map(({ pid }) => pid)).toEqual(expect.arrayContaining([command.pid])),
  );
  expect(seen().daemons.map(({ pid }) => pid)).not.toContain(command.pid);
  folder.removeCallback();
});

test('resources of a running process are read', async () => {
  const resources = processResources(process.pid);
  expect(resources.rssKb).toBeGreaterThan(1000);
  expect(resources.threads).toBeGreaterThan(0);
  expect(resources.fileDescriptors).toBeGreaterThan(2);
});

test('user and system time of a process are what the kernel tells it itself', () => {
  const ticks = ({ user, system }: NodeJS.CpuUsage) => [(user + system) / 1e4, system / 1e4];
  const [least = 0, leastSystem = 0] = ticks(process.cpuUsage());
  const { cpuTicks, cpuSystemTicks } = processResources(process.pid);
  const [most = 0, mostSystem = 0] = ticks(process.cpuUsage());
  // Of each of the two what is less than a tick is cut off.
  expect(cpuTicks).toBeGreaterThan(least - 2);
  expect(cpuTicks).toBeLessThanOrEqual(most);
  expect(cpuSystemTicks).toBeGreaterThan(leastSystem - 1);
  expect(cpuSystemTicks).toBeLessThanOrEqual(mostSystem);
});
