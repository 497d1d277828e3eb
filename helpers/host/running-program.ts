import { cgroupPath, isStartTime } from './process-facts.ts';
import { executableOf, processIdentity, readProc } from './processes.ts';

/** The program that a process runs, for people: of anybody, as /proc has it while it runs. */
export interface RunningProgram {
  /** Target of /proc/PID/exe; absent where it ended just before that was read. */
  readonly executable?: string;
  /** Arguments of /proc/PID/cmdline, with blanks between, cut at `MAX_COMMAND_LINE` characters. */
  readonly commandLine: string;
  /** Path of its cgroup below the hierarchy's root (cgroups(7), /proc/PID/cgroup of version 2). */
  readonly cgroup?: string;
}

const MAX_COMMAND_LINE = 300;
/**
 * What runs as this pid, if it still is the process that an event names: the same start time and,
 * where it is known, the same name, so that neither a pid used again nor a program started since is
 * taken for it.
 * @param startTime as in the agent's events; 0 when the agent did not know it.
 * @returns undefined when it has ended or is ending, is another, or is a thread of the kernel, which
 *   has neither.
 */
export function runningProgram(
  pid: number,
  startTime: number,
  comm?: string,
): RunningProgram | undefined {
  const before = processIdentity(pid);
  if (before === undefined || !isStartTime(startTime, before)) return undefined;
  const commandLine = readProc(`/proc/${pid}/cmdline`)
    // Cut first: a stranger's command line can have megabytes.
    ?.slice(0, MAX_COMMAND_LINE + 1)
    .replaceAll('\0', ' ')
    .trimEnd();
  // After the command line: while it is there, so was what the command line was read from.
  const executable = executableOf(pid);
  const cgroup = cgroupPath(pid);
  // Read last: had it become another program in between, the name would be that one's.
  const name = readProc(`/proc/${pid}/comm`)?.trimEnd();
  if (commandLine === undefined || name === undefined) return undefined;
  if (comm !== undefined && name !== comm) return undefined;
  // A process that is ending has given its memory back already: /proc has its name and no more.
  if (commandLine === '' && executable === undefined) return undefined;
  return {
    ...(executable === undefined ? {} : { executable }),
    commandLine: commandLine.slice(0, MAX_COMMAND_LINE).toWellFormed(),
    ...(cgroup === undefined ? {} : { cgroup }),
  };
}
