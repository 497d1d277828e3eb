import { readdirSync, statSync } from 'node:fs';
import { type ProcessIdentity, processIdentity, readProc } from './processes.ts';

/** What the host knows of a process of ours: the agent's events about it must tell the same. */
export interface ProcessFacts extends ProcessIdentity {
  readonly parentPid: number;
  readonly uid: number;
  /** Names of its threads: events carry the name of the thread that acted. */
  readonly names: readonly string[];
  /** Its cgroup of version 2, where that hierarchy can be looked at: its id, and the directory by each of its names. */
  readonly cgroup?: { readonly id: number; readonly paths: readonly string[] } | undefined;
}

const USUAL_MOUNT = '/sys/fs/cgroup';

function threadNames(pid: number): string[] {
  try {
    const names = readdirSync(`/proc/${pid}/task`).flatMap(
      (thread) => readProc(`/proc/${pid}/task/${thread}/comm`)?.replace(/\n$/, '') ?? [],
    );
    return [...new Set(names)];
  } catch {
    return [];
  }
}

/** Where control groups of version 2 are mounted, alone or beside version 1. */
export function cgroupMounts(): string[] {
  const lines = readProc('/proc/self/mounts')?.split('\n') ?? [];
  return lines
    .map((line) => line.split(' '))
    .flatMap(([, directory, type]) => (type === 'cgroup2' && directory ? [directory] : []));
}

/** Path of a process's cgroup of version 2 (cgroups(7), /proc/PID/cgroup), below the mount or outside of it. */
export const cgroupPath = (pid: number) =>
  /^0::(\/.*)$/m.exec(readProc(`/proc/${pid}/cgroup`) ?? '')?.[1];

/** The cgroup directory of a process; undefined where it lies outside of what is mounted here. */
function cgroupOf(pid: number): ProcessFacts['cgroup'] {
  const path = cgroupPath(pid);
  const [mount, ...more] = cgroupMounts();
  if (path === undefined || path.startsWith('/..') || mount === undefined) return undefined;
  const below = path === '/' ? '' : path;
  try {
    return {
      id: Number(statSync(`${mount}${below}`, { bigint: true }).ino),
      paths: [mount, ...more, USUAL_MOUNT].map((root) => `${root}${below}`),
    };
  } catch {
    return undefined;
  }
}

/** Reads what the host knows of this pid; undefined once it is gone. */
export function readProcessFacts(pid: number): ProcessFacts | undefined {
  const identity = processIdentity(pid);
  const status = readProc(`/proc/${pid}/status`);
  const parentPid = Number(/^PPid:\s+(\d+)$/m.exec(status ?? '')?.[1]);
  const uid = Number(/^Uid:\s+(\d+)/m.exec(status ?? '')?.[1]);
  const names = threadNames(pid);
  if (identity === undefined || Number.isNaN(parentPid) || names.length === 0) return undefined;
  return { ...identity, parentPid, uid, names, cgroup: cgroupOf(pid) };
}

/** The command line of a process; undefined once it is gone, and for one without any. */
export function argumentsOf(pid: number): readonly string[] | undefined {
  const text = readProc(`/proc/${pid}/cmdline`);
  return text ? text.replace(/\0$/, '').split('\0') : undefined;
}

/** USER_HZ is 100 on every architecture Node runs on (sysconf(3), _SC_CLK_TCK). */
const NS_PER_TICK = 10_000_000;
/** /proc/uptime has hundredths of a second, and ticks are rounded down. */
const TOLERANCE_TICKS = 3;

/** How long the host has slept since it booted, in ticks: one clock goes on then, the other stands still. */
function sleptTicks(): number {
  const boot = Number(readProc('/proc/uptime')?.split(' ')[0]);
  return boot * 100 - Number(process.hrtime.bigint()) / NS_PER_TICK;
}

/**
 * Is `told` of an event the start time of the process? Nanoseconds of either clock, or clock ticks
 * where the process is older than the agent (docs/agent-contract.md §6.8).
 */
export function isStartTime(told: number, { startTicks }: ProcessIdentity): boolean {
  const ticks = told / NS_PER_TICK;
  const isClose = (difference: number) => Math.abs(difference) <= TOLERANCE_TICKS;
  return (
    told === startTicks || isClose(ticks - startTicks) || isClose(ticks + sleptTicks() - startTicks)
  );
}
