import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the kernel counts what its OOM killer ended, and how often it did so far. */
export interface OomCount {
  readonly source: string;
  readonly kills: number;
}

function counter(path: string, name: string): number | undefined {
  try {
    const [, digits] = new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(path, 'utf8')) ?? [];
    return digits === undefined ? undefined : Number(digits);
  } catch {
    return undefined;
  }
}

/** `memory.events` of our own cgroup (cgroup-v2, Documentation/admin-guide/cgroup-v2.rst). */
function ownMemoryEvents(proc: string, cgroups: string): string | undefined {
  try {
    const [, below] = /^0::(\/.*)$/m.exec(readFileSync(join(proc, 'self/cgroup'), 'utf8')) ?? [];
    return below === undefined ? undefined : join(cgroups, below, 'memory.events');
  } catch {
    return undefined;
  }
}

/** The kernel's counts of OOM kills: of our cgroup with those below it, and of the whole host. */
export function oomKills(proc = '/proc', cgroups = '/sys/fs/cgroup'): OomCount[] {
  const events = ownMemoryEvents(proc, cgroups);
  const counted = [
    ...(events === undefined ? [] : [{ source: events, kills: counter(events, 'oom_kill') }]),
    // Since Linux 4.13.
    { source: join(proc, 'vmstat'), kills: counter(join(proc, 'vmstat'), 'oom_kill') },
  ];
  return counted.flatMap(({ source, kills }) => (kills === undefined ? [] : [{ source, kills }]));
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
      return `the kernel's OOM killer ended ${more} ${more === 1 ? 'process' : 'processes'} during this run (oom_kill in ${source})`;
  }
  return undefined;
}
