import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { isFile } from '../files/regular-file.ts';
import { startProgram } from './program.ts';

/** A value read from the host, or why it could not be read. */
export type Observation<T> =
  | { readonly known: true; readonly value: T; readonly source: string }
  | { readonly known: false; readonly reason: string; readonly source: string };

/** One mount of /proc/self/mounts (proc_pid_mounts(5)). */
export interface Mount {
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Where the host is described: `/`, or in a rehearsal a folder that plays a staging host. */
export function hostPath(hostRoot: string, ...parts: string[]): string {
  return join(hostRoot, ...parts);
}

function readText(path: string): Observation<string> {
  try {
    return { known: true, value: readFileSync(path, 'utf8').trim(), source: path };
  } catch (error) {
    return { known: false, reason: (error as Error).message, source: path };
  }
}

function mapKnown<A, B>(observation: Observation<A>, change: (value: A) => B): Observation<B> {
  return observation.known ? { ...observation, value: change(observation.value) } : observation;
}

/** The active LSMs in the kernel's order (Documentation/admin-guide/LSM/index.rst). */
export function activeLsms(hostRoot: string): Observation<readonly string[]> {
  const path = hostPath(hostRoot, 'sys/kernel/security/lsm');
  return mapKnown(readText(path), (text) => text.split(',').map((name) => name.trim()));
}

/** The name of the distribution: PRETTY_NAME of os-release(5), without its quotes. */
export function distribution(hostRoot: string): Observation<string> {
  const observed = readText(hostPath(hostRoot, 'etc/os-release'));
  if (!observed.known) return observed;
  const name = /^PRETTY_NAME=(["']?)(.+)\1$/m.exec(observed.value)?.[2];
  return name === undefined
    ? { known: false, reason: 'it has no PRETTY_NAME', source: observed.source }
    : { ...observed, value: name };
}

/** The host's mounts; in a rehearsal those of the folder that plays the host. */
export function mounts(hostRoot: string): Observation<readonly Mount[]> {
  const path = hostPath(hostRoot, hostRoot === '/' ? 'proc/self/mounts' : 'proc/mounts');
  return mapKnown(readText(path), (text) =>
    text.split('\n').flatMap((line) => {
      const [, target, type, options] = line.split(' ');
      if (target === undefined || type === undefined) return [];
      // The kernel writes blanks in paths as octal escapes.
      const plain = target.replace(/\\(\d{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
      return [{ target: plain, type, options: (options ?? '').split(',') }];
    }),
  );
}

/** What is mounted at exactly that place (the last mount wins), if anything. */
export function mountAt(hostRoot: string, target: string): Observation<Mount | undefined> {
  return mapKnown(mounts(hostRoot), (all) => mountedOn(all, target));
}

/** The mount in force at exactly that place: the last one wins. */
export function mountedOn(all: readonly Mount[], target: string): Mount | undefined {
  return all.findLast((mount) => mount.target === target);
}

export function cgroupControllers(hostRoot: string): Observation<readonly string[]> {
  const path = hostPath(hostRoot, 'sys/fs/cgroup/cgroup.controllers');
  return mapKnown(readText(path), (text) =>
    text
      .split(' ')
      .filter((name) => name !== '')
      .sort(),
  );
}

export function kernelRelease(hostRoot: string): Observation<string> {
  if (hostRoot === '/') return { known: true, value: release(), source: 'uname -r' };
  return readText(hostPath(hostRoot, 'proc/sys/kernel/osrelease'));
}

/** A kernel setting by its path below /proc/sys. */
export function sysctl(hostRoot: string, name: string): Observation<string> {
  return readText(hostPath(hostRoot, 'proc/sys', name));
}

/** True when the kernel's own type information is there and not empty. */
export function kernelBtf(hostRoot: string): Observation<boolean> {
  const path = hostPath(hostRoot, 'sys/kernel/btf/vmlinux');
  return { known: true, value: isFile(path), source: path };
}

const SYSTEM_TOOL_ENVIRONMENT = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };

/** Runs a tool of systemd by nobody's environment. */
export async function systemTool(path: string, args: readonly string[], timeoutMs = 60_000) {
  const { stdout, ...result } = await startProgram(path, args, {
    env: SYSTEM_TOOL_ENVIRONMENT,
    timeoutMs,
  }).ended;
  return { ...result, text: stdout.toString('utf8').trim() };
}

const SYSTEMCTL_PATHS = ['usr/bin/systemctl', 'bin/systemctl'];

/** Runs systemctl by its absolute path: a PATH that holds another one must not decide. */
async function systemctl(
  hostRoot: string,
  ...args: string[]
): Promise<Observation<{ text: string; exitCode: number }>> {
  const source = `systemctl ${args.join(' ')}`;
  for (const relative of SYSTEMCTL_PATHS) {
    const { notStarted, ...result } = await systemTool(hostPath(hostRoot, relative), args, 20_000);
    if (notStarted?.code === 'ENOENT') continue;
    const { exitCode, text } = result;
    if (exitCode === undefined)
      return { known: false, reason: notStarted?.message ?? `ended by ${result.signal}`, source };
    if (text === '') return { known: false, reason: result.stderr.trim() || 'no output', source };
    return { known: true, value: { text, exitCode }, source };
  }
  return { known: false, reason: 'there is no systemctl on this host', source };
}

/** Version line of the host's systemd. */
export async function systemdVersion(hostRoot: string): Promise<Observation<string>> {
  const answer = await systemctl(hostRoot, '--version');
  return mapKnown(answer, ({ text }) => text.split('\n')[0] ?? text);
}

/** `active`, `inactive`, `failed`, `unknown` … of the agent's unit (systemctl(1), is-active). */
export async function serviceState(hostRoot: string): Promise<Observation<string>> {
  return mapKnown(await systemctl(hostRoot, 'is-active', 'aegisbpf'), ({ text }) => text);
}

/** Active timers whose names match, as systemd lists them; none on a host without systemd. */
export async function activeTimers(hostRoot: string, pattern: string): Promise<readonly string[]> {
  const options = ['--type=timer', '--state=active', '--no-legend', '--plain', '--no-pager'];
  const listed = await systemctl(hostRoot, 'list-units', ...options, pattern);
  if (!listed.known || listed.value.exitCode !== 0) return [];
  return listed.value.text.split('\n').flatMap((line) => line.trim().split(/\s+/)[0] ?? []);
}
