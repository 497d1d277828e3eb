import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  activeLsms,
  cgroupControllers,
  kernelBtf,
  kernelRelease,
  mountAt,
  mounts,
  serviceState,
  sysctl,
  systemdVersion,
} from './observations.ts';

let folder: ReturnType<typeof dirSync>;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterEach(() => folder.removeCallback());

function host(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.name, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o755 });
  }
  return folder.name;
}

test('what is not there is unknown, with its path', async () => {
  const root = host({});
  for (const seen of [
    activeLsms(root),
    mounts(root),
    cgroupControllers(root),
    kernelRelease(root),
    sysctl(root, 'a/b'),
  ]) {
    expect(seen).toMatchObject({ known: false, reason: expect.stringContaining('ENOENT') });
    expect(seen.source.startsWith(root)).toBe(true);
  }
  expect(await systemdVersion(root)).toMatchObject({
    known: false,
    reason: 'there is no systemctl on this host',
  });
  expect(kernelBtf(root)).toMatchObject({ known: true, value: false });
});

test('the LSMs keep the order of the kernel, the controllers do not', () => {
  const root = host({
    'sys/kernel/security/lsm': 'lockdown,yama,bpf\n',
    'sys/fs/cgroup/cgroup.controllers': 'pids cpu\n',
  });
  expect(activeLsms(root)).toMatchObject({ value: ['lockdown', 'yama', 'bpf'] });
  expect(cgroupControllers(root)).toMatchObject({ value: ['cpu', 'pids'] });
});

test('blanks and backslashes in mount points are read from their octal escapes', () => {
  const root = host({
    'proc/mounts':
      String.raw`none /a\040b\011c tmpfs rw,nosuid 0 0` +
      '\n' +
      String.raw`none /x\134040 tmpfs rw 0 0` +
      '\n',
  });
  expect(mounts(root)).toMatchObject({
    value: [
      { target: '/a b\tc', type: 'tmpfs', options: ['rw', 'nosuid'] },
      { target: String.raw`/x\040`, type: 'tmpfs', options: ['rw'] },
    ],
  });
});

test('the last mount on a place is the one in force, and only that very place counts', () => {
  const root = host({
    'proc/mounts': 'a /m tmpfs rw 0 0\nb /m bpf ro 0 0\nc /m/n ext4 rw 0 0\nbroken\n',
  });
  expect(mountAt(root, '/m')).toMatchObject({ known: true, value: { type: 'bpf' } });
  expect(mountAt(root, '/')).toMatchObject({ known: true, value: undefined });
});

test("systemctl is the host's own, and a service that is not active still has a state", async () => {
  const root = host({
    'usr/bin/systemctl':
      '#!/bin/sh\n[ "$1" = --version ] && { echo systemd 252; echo +PAM; exit 0; }\necho inactive; exit 3\n',
  });
  expect(await systemdVersion(root)).toMatchObject({ known: true, value: 'systemd 252' });
  expect(await serviceState(root)).toMatchObject({ known: true, value: 'inactive' });
});

test('a systemctl that says nothing is unknown, with its complaint', async () => {
  const root = host({ 'bin/systemctl': '#!/bin/sh\necho no bus >&2; exit 1\n' });
  expect(await serviceState(root)).toMatchObject({ known: false, reason: 'no bus' });
});
