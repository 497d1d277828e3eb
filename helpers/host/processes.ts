import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { residentMemory } from './resident-memory.ts';

/** Every process that we start carries this in its environment, so that it can be proven ours. */
export const RUN_MARK = 'CANARY_RUN_ID';

/** A process, told apart from a later one with the same pid by its start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat (proc_pid_stat(5)): clock ticks after boot. */
  readonly startTicks: number;
}

export interface ProcessInformation extends ProcessIdentity {
  /** Name as in /proc/PID/comm, at most 15 bytes. */
  readonly comm: string;
  /** Target of /proc/PID/exe; undefined for kernel threads. */
  readonly executable: string | undefined;
  readonly state: string;
  readonly parentPid: number;
}

/** What /proc says of a process's resources at one moment. */
export interface ProcessResources {
  readonly rssKb: number;
  /** The file that `rssKb` was read from. */
  readonly rssSource: string;
  /** User and system time together, in clock ticks (sysconf _SC_CLK_TCK, 100 a second on Linux). */
  readonly cpuTicks: number;
  readonly threads: number;
  readonly fileDescriptors: number;
}

/** Reads a file of /proc; undefined once the process is gone. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The fields of /proc/PID/stat from field 3 (state) on; comm may hold blanks and parentheses. */
function statFields(pid: number): string[] | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** PF_KTHREAD of a task's flags (include/linux/sched.h): it has no executable to ask for. */
const KERNEL_THREAD = 0x0020_0000;

export function processIdentity(pid: number): ProcessIdentity | undefined {
  const startTicks = Number(statFields(pid)?.[19]);
  return Number.isFinite(startTicks) && startTicks > 0 ? { pid, startTicks } : undefined;
}

/** True while that very process runs; a zombie has ended. */
export function isRunning(identity: ProcessIdentity): boolean {
  const fields = statFields(identity.pid);
  return fields !== undefined && fields[0] !== 'Z' && Number(fields[19]) === identity.startTicks;
}

function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

/** Every process of this pid namespace that still runs. A soak asks each second: one read for each. */
export function listProcesses(): ProcessInformation[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d/.test(name)) return [];
    const pid = Number(name);
    const text = readProc(`/proc/${name}/stat`);
    if (text === undefined) return [];
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    const [state = 'Z', parent] = fields;
    if (state === 'Z') return [];
    const isKernelThread = (Number(fields[6]) & KERNEL_THREAD) !== 0;
    return {
      pid,
      startTicks: Number(fields[19]),
      comm: text.slice(text.indexOf('(') + 1, end),
      executable: isKernelThread ? undefined : executableOf(pid),
      state,
      parentPid: Number(parent),
    };
  });
}

/**
 * Every process that is, or may be, an instance of the agent: by its name, by its executable's
 * name, or by running the very file that is the candidate, whatever it is called.
 * A second daemon flips the first one's mode for good (agent-contract.md §5.4).
 */
export function agentInstances(candidate: string): ProcessInformation[] {
  const own = fileIdentity(candidate);
  return listProcesses().filter((process) => {
    if (process.comm === 'aegisbpf' && !isInARehearsal(process.pid)) return true;
    if (process.executable === undefined) return false;
    const name = basename(process.executable).replace(/ \(deleted\)$/, '');
    return (
      name === 'aegisbpf' || (own !== undefined && fileIdentity(`/proc/${process.pid}/exe`) === own)
    );
  });
}

/**
 * True for a program that only bears the agent's name, in a rehearsal's own pid namespace: the stand-in, which
 * decides on nothing outside of it. An executable of that name, or the candidate's, is an instance all the same.
 */
function isInARehearsal(pid: number): boolean {
  const environment = readProc(`/proc/${pid}/environ`)?.split('\0') ?? [];
  return (
    environment.some((entry) => entry.startsWith('STAND_IN_ROOT=')) &&
    pidNamespace(pid) !== pidNamespace('self')
  );
}

function pidNamespace(pid: number | 'self'): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return '';
  }
}

function fileIdentity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/**
 * True when the process may be a daemon of the agent and not one of its one-shot commands: `run`,
 * options alone, or nothing at all, which starts an enforcing daemon (agent-contract.md §0.5).
 * An operator's `aegisbpf stats` during a soak attaches nothing and is no second instance.
 */
export function mayBeDaemon({ pid }: ProcessIdentity): boolean {
  const [, first] = readProc(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
  return first === undefined || first === '' || first === 'run' || first.startsWith('-');
}

/** Every process whose environment carries `NAME=value`: how we recognise what we started. */
export function processesMarked(name: string, value: string): ProcessInformation[] {
  const marker = `${name}=${value}`;
  return listProcesses().filter((process) =>
    readProc(`/proc/${process.pid}/environ`)?.split('\0').includes(marker),
  );
}

/** Resources of a process, or undefined once it is gone. */
export function processResources(pid: number): ProcessResources | undefined {
  const fields = statFields(pid);
  const rss = residentMemory((name) => readProc(`/proc/${pid}/${name}`));
  if (fields === undefined || rss === undefined) return undefined;
  try {
    return {
      rssKb: rss.kb,
      rssSource: `/proc/${pid}/${rss.name}`,
      cpuTicks: Number(fields[11]) + Number(fields[12]),
      threads: Number(fields[17]),
      fileDescriptors: readdirSync(`/proc/${pid}/fd`).length,
    };
  } catch {
    return undefined;
  }
}
