import { readdirSync } from 'node:fs';
import { readProc } from './processes.ts';

interface Spent {
  readonly runNs: number;
  /** Ready to run, and without a processor. */
  readonly waitNs: number;
}

/** What each thread of a process has had so far, by its number. */
export type ThreadCpu = ReadonlyMap<string, Spent>;

/** USER_HZ is 100 on every architecture Node runs on (sysconf(3), _SC_CLK_TCK). */
const NS_PER_TICK = 10_000_000;
const NS_PER_MS = 1_000_000;

/** To the nanosecond where the kernel tells it (Documentation/scheduler/sched-stats.rst), else to the tick of its accounting. */
function spentBy(task: string): Spent | undefined {
  const [runNs = Number.NaN, waitNs = 0] =
    readProc(`${task}/schedstat`)?.split(' ').map(Number) ?? [];
  if (!Number.isNaN(runNs)) return { runNs, waitNs };
  const stat = readProc(`${task}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && { runNs: NS_PER_TICK * (Number(fields[11]) + Number(fields[12])), waitNs: 0 };
}

/** CPU time of a process by its threads; undefined once it is gone. */
export function threadCpu(pid: number): ThreadCpu | undefined {
  const tasks = `/proc/${pid}/task`;
  try {
    const threads = readdirSync(tasks).flatMap((thread): [string, Spent][] => {
      const spent = spentBy(`${tasks}/${thread}`);
      return spent === undefined ? [] : [[thread, spent]];
    });
    return threads.length === 0 ? undefined : new Map(threads);
  } catch {
    return undefined;
  }
}

/** What each thread that is there at the end had since. */
const since = (before: ThreadCpu, after: ThreadCpu): Spent[] =>
  [...after].map(([thread, { runNs, waitNs }]) => ({
    runNs: runNs - (before.get(thread)?.runNs ?? 0),
    waitNs: waitNs - (before.get(thread)?.waitNs ?? 0),
  }));

const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);

/** CPU time in ms of the threads that are there at the end. */
export const cpuBetween = (before: ThreadCpu, after: ThreadCpu): number =>
  sum(since(before, after).map(({ runNs }) => runNs)) / NS_PER_MS;

/**
 * Share of a processor that the threads use when they need not wait for one: a busy loop has 1, however little of a busy host it gets.
 * @param ms between the two.
 */
export const shareUnhindered = (before: ThreadCpu, after: ThreadCpu, ms: number): number =>
  sum(
    since(before, after).map(({ runNs, waitNs }) =>
      Math.min(1, runNs / Math.max(runNs, ms * NS_PER_MS - waitNs, 1)),
    ),
  );
