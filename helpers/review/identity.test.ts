import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { kernelDevice } from '../agent/contract/kernel-device.ts';
import type { DecisionGroup } from '../agent/stream/decision-groups.ts';
import { processIdentity } from '../host/processes.ts';
import { runningProgram } from '../host/running-program.ts';
import { deniedPaths, policyByInode } from './by-inode.ts';
import { unitOf } from './cgroup-unit.ts';
import { deniedFiles } from './denied-files.ts';
import type { RecordedGroup } from './recorded-groups.ts';
import { inEnforce, reviewGroups } from './review-groups.ts';

const ID = 'a0'.repeat(32);

test.each([
  ['/sys/fs/cgroup/system.slice/cron.service', 'cron.service'],
  ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
  ['/user.slice/user-1000.slice/session-12.scope', 'session-*.scope'],
  ['/user.slice/user-1000.slice/user@1000.service/app.slice/run-u7.scope', 'run-*.scope'],
  [`/system.slice/docker-${ID}.scope`, 'docker-*.scope'],
  [`/kubepods/besteffort/${ID}`, '/kubepods/besteffort/*'],
  ['/sys/fs/cgroup', '/'],
  ['/', '/'],
])('cgroup %s is the unit %s', (path, unit) => {
  expect(unitOf(path)).toBe(unit);
});

function group(changes: Partial<DecisionGroup> = {}): DecisionGroup {
  return {
    key: JSON.stringify(changes),
    type: 'block',
    target: '1:2',
    comm: 'cat',
    cgroup: '/user.slice/session-1.scope',
    action: 'AUDIT',
    count: 2,
    firstSeen: '2026-11-23T14:00:00.000Z',
    lastSeen: '2026-11-23T14:01:00.000Z',
    samples: [],
    ...changes,
  };
}

test('two sessions are one group, two programs are two, and every decision is counted', () => {
  const other = { cgroup: '/user.slice/session-2.scope', lastSeen: '2026-11-23T15:00:00.000Z' };
  const groups = reviewGroups([group(), group(other), group({ comm: 'dog' })], new Map());
  expect(groups.map(({ program, count, lastSeen }) => [program, count, lastSeen])).toEqual([
    ['cat', 4, '2026-11-23T15:00:00.000Z'],
    ['dog', 2, '2026-11-23T14:01:00.000Z'],
  ]);
});

test('a group is named by the path and not by the inode, which the next release will not have', () => {
  const [named] = reviewGroups([group()], new Map([['1:2', '/srv/app.conf']]));
  expect(named?.group).toBe('"block" | "/srv/app.conf" | "cat" | "session-*.scope" | "AUDIT"');
});

test('no program can choose a name that makes it another group', () => {
  const [hostile] = reviewGroups([group({ comm: 'cat" | "x' })], new Map());
  expect(hostile?.group).toContain('"cat\\" | \\"x"');
});

test.each([
  ['AUDIT', 'term', 'would be refused with EPERM, and the program is sent SIGTERM'],
  ['AUDIT', 'none', 'would be refused with EPERM'],
  ['BLOCK', 'none', 'was refused with EPERM'],
  ['TERM', 'term', 'was refused with EPERM, and the program was sent SIGTERM'],
])('a decision %s under ENFORCE_SIGNAL=%s %s', (action, signal, words) => {
  expect(inEnforce({ type: 'block', action }, signal)).toBe(words);
});

test("a rule's path counts only while it leads to the inode, also one that the list cuts", () => {
  const folder = dirSync({ unsafeCleanup: true });
  const path = join(folder.name, 'two words');
  writeFileSync(path, '');
  const stat = statSync(path, { bigint: true });
  const [dev, ino] = [kernelDevice(stat.dev), Number(stat.ino)];
  const denyDb = join(folder.name, 'deny.db');
  writeFileSync(denyDb, `${dev} ${ino} ${path}\n`);
  const cut = path.slice(0, path.indexOf(' '));
  expect([...deniedFiles([{ dev, ino, path: cut }], denyDb)]).toEqual([[`${dev}:${ino}`, path]]);
  expect([...deniedFiles([{ dev, ino: ino + 1, path }], join(folder.name, 'none'))]).toEqual([]);
  folder.removeCallback();
});

test('a program is looked at only while it is the one that the event names', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  while (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'sleep\n') await new Promise(setImmediate);
  const ticks = processIdentity(pid)?.startTicks ?? 0;
  const nanoseconds = ticks * 10_000_000;
  expect(runningProgram(pid, nanoseconds, 'sleep')).toMatchObject({ commandLine: 'sleep 60' });
  expect(runningProgram(pid, ticks)).toMatchObject({ executable: expect.stringMatching(/\/\w+$/) });
  expect(runningProgram(pid, nanoseconds, 'cat')).toBeUndefined();
  expect(runningProgram(pid, nanoseconds + 50_000_000, 'sleep')).toBeUndefined();
  expect(runningProgram(pid, 0, 'sleep')).toBeUndefined();
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(runningProgram(pid, nanoseconds, 'sleep')).toBeUndefined();
});

test('a program that is ending is none: its name is left, and neither file nor command line', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0 & exec sleep 60'], { stdio: 'ignore' });
  await once(parent, 'spawn');
  const children = `/proc/${parent.pid}/task/${parent.pid}/children`;
  const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2];
  let pid = 0;
  while (pid === 0 || stateOf(pid) !== 'Z') {
    pid = Number(readFileSync(children, 'utf8'));
    await new Promise(setImmediate);
  }
  const nanoseconds = (processIdentity(pid)?.startTicks ?? 0) * 10_000_000;
  expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('sleep\n');
  expect(runningProgram(pid, nanoseconds, 'sleep')).toBeUndefined();
  parent.kill('SIGKILL');
  await once(parent, 'close');
});

test("a policy's paths are simulated by the inodes that were recorded for them", () => {
  const recorded = { target: '/gone', examples: [{ dev: 3, ino: 9 }] } as unknown as RecordedGroup;
  const policy = 'version=1\n[deny_path]\n/gone\n/other\n[deny_ip]\n/gone\n';
  expect(deniedPaths(policy)).toEqual(['/gone', '/other']);
  expect(policyByInode(policy, [recorded])).toBe(`${policy}\n[deny_inode]\n3:9\n`);
  expect(policyByInode('version=1\n', [recorded])).toBe('version=1\n');
});
