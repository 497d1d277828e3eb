import { join } from 'node:path';
import { counted } from '../text/counted.ts';
import { readProc } from './processes.ts';

/** Where the kernel counts what its OOM killer ended, and how often it did so far. */
export interface OomCount {
  readonly source: string;
  readonly kills: number;
}

/** The kernel's counts of OOM kills: of our cgroup with those below it, and of the whole host. */
export function oomKills(proc = '/proc', cgroups = '/sys/fs/cgroup'): OomCount[] {
  const [, own] = /^0::(\/.*)$/m.exec(readProc(join(proc, 'self/cgroup')) ?? '') ?? [];
  // `memory.events` of our own cgroup (cgroup-v2, Documentation/admin-guide/cgroup-v2.rst).
  const events = own === undefined ? [] : [join(cgroups, own, 'memory.events')];
  // In vmstat since Linux 4.13.
  return [...events, join(proc, 'vmstat')].flatMap((source) => {
    const [, digits] = /^oom_kill (\d+)$/m.exec(readProc(source) ?? '') ?? [];
    return digits === undefined ? [] : [{ source, kills: Number(digits) }];
  });
}

/** What the OOM killer did between two counts, in words; undefined when it did nothing, or nobody counts. */
export function oomKilled(
  before: readonly OomCount[],
  after: readonly OomCount[],
): string | undefined {
  for (const { source, kills } of after) {
    const known = before.find((one) => one.source === source);
    const more = known === undefined ? 0 : kills - known.kills;
    if (more > 0)
      return `the kernel's OOM killer ended ${counted(more, 'process', 'processes')} during this run (oom_kill in ${source})`;
  }
  return undefined;
}
