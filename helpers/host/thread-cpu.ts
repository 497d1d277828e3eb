import { readdirSync } from 'node:fs';
import { readProc } from './processes.ts';

/** CPU time of each thread of a process so far, in ns, by its number. */
export type ThreadCpu = ReadonlyMap<string, number>;

/** USER_HZ is 100 on every architecture Node runs on (sysconf(3), _SC_CLK_TCK). */
const NS_PER_TICK = 10_000_000;

/** To the nanosecond where the kernel tells it, else to the tick of its accounting. */
function cpuOf(task: string): number | undefined {
  const exact = readProc(`${task}/schedstat`);
  if (exact !== undefined) return Number.parseInt(exact, 10);
  const stat = readProc(`${task}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && NS_PER_TICK * (Number(fields[11]) + Number(fields[12]));
}

/** CPU time of a process by its threads; undefined once it is gone. */
export function threadCpu(pid: number): ThreadCpu | undefined {
  const tasks = `/proc/${pid}/task`;
  try {
    const threads = readdirSync(tasks).flatMap((thread): [string, number][] => {
      const ns = cpuOf(`${tasks}/${thread}`);
      return ns === undefined ? [] : [[thread, ns]];
    });
    return threads.length === 0 ? undefined : new Map(threads);
  } catch {
    return undefined;
  }
}

/** CPU time in ms of the threads that are there at the end. */
export function cpuBetween(before: ThreadCpu, after: ThreadCpu): number {
  const ns = [...after].map(([thread, value]) => value - (before.get(thread) ?? 0));
  return ns.reduce((sum, one) => sum + one, 0) / 1_000_000;
}
