import { hash } from 'node:crypto';
import { type BigIntStats, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
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
  readonly parentPid: number;
}

/** What /proc says of a process's resources at one moment. A figure is undefined where its file could not be read. */
export interface ProcessResources {
  readonly rssKb: number | undefined;
  /** The file that `rssKb` was read from. */
  readonly rssSource: string | undefined;
  /** User and system time together, in clock ticks (sysconf _SC_CLK_TCK, 100 a second on Linux). */
  readonly cpuTicks: number | undefined;
  /** Of it the system time: what the kernel did for it. */
  readonly cpuSystemTicks: number | undefined;
  readonly threads: number | undefined;
  readonly fileDescriptors: number | undefined;
}

/** Text of a file that the kernel writes, as in /proc; undefined once its process is gone, or where it may not be read. */
export function readProc(path: string): string | undefined {
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

/** Where a link of /proc leads; undefined as with `readProc`. */
function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export const executableOf = (pid: number) => linkTarget(`/proc/${pid}/exe`);

/** Every process of this pid namespace that still runs. A soak asks each second: one read for each. */
export function listProcesses(): ProcessInformation[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d/.test(name)) return [];
    const pid = Number(name);
    const text = readProc(`/proc/${name}/stat`);
    if (text === undefined) return [];
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    const [state = 'Z', parentPid] = fields;
    if (state === 'Z') return [];
    const isKernelThread = (Number(fields[6]) & KERNEL_THREAD) !== 0;
    return {
      pid,
      startTicks: Number(fields[19]),
      comm: text.slice(text.indexOf('(') + 1, end),
      executable: isKernelThread ? undefined : executableOf(pid),
      parentPid: Number(parentPid),
    };
  });
}

/** What a process runs, told by its executable and not by its name, which anybody can choose. */
export interface Program {
  readonly path: string;
  /** Of its bytes, where the file may have been replaced since. */
  readonly sha256?: string | undefined;
}

/** True when the process runs that very file, or a copy of it. */
export function runsProgram({ pid }: ProcessIdentity, program: Program): boolean {
  const exe = `/proc/${pid}/exe`;
  const [running, own] = [fileStat(exe), fileStat(program.path)];
  if (running === undefined) return false;
  if (own !== undefined && running.dev === own.dev && running.ino === own.ino) return true;
  // Most programs of a host have another size, and their bytes need not be read.
  if (program.sha256 === undefined && running.size !== own?.size) return false;
  return sha256Of(exe) === (program.sha256 ?? sha256Of(program.path));
}

function fileStat(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** Hashes by identity, size and time of change: a soak asks each second. */
const hashes = new Map<string, string>();

function sha256Of(path: string): string | undefined {
  const stat = fileStat(path);
  if (stat?.isFile() !== true) return undefined;
  const key = [stat.dev, stat.ino, stat.size, stat.ctimeNs].join(':');
  try {
    const digest = hashes.get(key) ?? hash('sha256', readFileSync(path));
    hashes.set(key, digest);
    return digest;
  } catch {
    // It ended in between.
    return undefined;
  }
}

const AGENT_NAME = 'aegisbpf';

/** The processes among these that are the agent, whichever of the programs they run and whatever they are called. */
export function agentsAmong(
  processes: readonly ProcessInformation[],
  programs: readonly Program[],
): readonly ProcessInformation[] {
  return processes.filter(
    (one) => one.comm === AGENT_NAME || programs.some((program) => runsProgram(one, program)),
  );
}

function isInstance(process: ProcessInformation, candidate: Program): boolean {
  if (process.comm === AGENT_NAME && !isInARehearsal(process.pid)) return true;
  if (process.executable === undefined) return false;
  const name = basename(process.executable).replace(/ \(deleted\)$/, '');
  return name === AGENT_NAME || runsProgram(process, candidate);
}

/**
 * True for a program that only bears the agent's name, in a rehearsal's own pid namespace: the stand-in, which
 * decides on nothing outside of it. An executable of that name, or the candidate's, is an instance all the same.
 */
function isInARehearsal(pid: number): boolean {
  const environment = readProc(`/proc/${pid}/environ`)?.split('\0') ?? [];
  return (
    environment.some((entry) => entry.startsWith('STAND_IN_ROOT=')) &&
    linkTarget(`/proc/${pid}/ns/pid`) !== linkTarget('/proc/self/ns/pid')
  );
}

/**
 * Every process that is an instance of the agent: by its name, by its executable's name, or by
 * running the candidate or a copy of it, whatever it is called. A command that ends by itself
 * (an operator's or a timer's `aegisbpf stats`) attaches nothing and is no running agent; a daemon
 * flips the mode of the one before it for good (docs/agent-contract.md §5.4).
 */
export function agentInstances(
  candidate: Program,
  processes: readonly ProcessInformation[] = listProcesses(),
): {
  readonly daemons: readonly ProcessInformation[];
  readonly commands: readonly ProcessInformation[];
} {
  const instances = processes.filter((process) => isInstance(process, candidate));
  const { daemon = [], command = [] } = Object.groupBy(instances, kindOf);
  return { daemons: daemon, commands: command };
}

/** A daemon has the command `run`, options alone, or nothing at all (docs/agent-contract.md §0.5). */
function kindOf({ pid }: ProcessIdentity): 'daemon' | 'command' | 'ended' {
  const text = readProc(`/proc/${pid}/cmdline`);
  // Its memory is gone, and with it its arguments.
  if (text === undefined || text === '') return 'ended';
  const [, first = ''] = text.split('\0');
  return first === '' || first === 'run' || first.startsWith('-') ? 'daemon' : 'command';
}

/** Every process whose environment carries `NAME=value`: how we recognise what we started. */
export function processesMarked(name: string, value: string): ProcessInformation[] {
  const marker = `${name}=${value}`;
  return listProcesses().filter((process) =>
    readProc(`/proc/${process.pid}/environ`)?.split('\0').includes(marker),
  );
}

function entriesOf(path: string): number | undefined {
  try {
    return readdirSync(path).length;
  } catch {
    return undefined;
  }
}

/** Resources of a process, each as far as it can be read; none once it is gone. */
export function processResources(pid: number): ProcessResources {
  const fields = statFields(pid);
  const rss = residentMemory((name) => readProc(`/proc/${pid}/${name}`));
  return {
    rssKb: rss?.kb,
    rssSource: rss && `/proc/${pid}/${rss.name}`,
    cpuTicks: fields && Number(fields[11]) + Number(fields[12]),
    cpuSystemTicks: fields && Number(fields[12]),
    threads: fields && Number(fields[17]),
    fileDescriptors: entriesOf(`/proc/${pid}/fd`),
  };
}
