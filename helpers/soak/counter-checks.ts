import type { ReadyDaemon } from '../agent/daemon.ts';
import type { DecisionGroup } from '../agent/stream/decision-groups.ts';
import { readProcessFacts } from '../host/process-facts.ts';
import type { Figure } from '../settings/thresholds.ts';
import type { RouteCounts } from '../workload/attempt-counts.ts';
import { BY_CGROUP, labelledDelta, NET_BLOCKS, scrapeDelta } from './counters.ts';
import type { Loads } from './loads.ts';
import type { Measured, Others } from './measured.ts';
import type { CounterCheck } from './result.ts';
import type { SideWork } from './side-work.ts';

const BY_PATH = 'aegisbpf_blocks_by_path_total';
const CALLS = ['connect', 'send', 'bind'] as const;

export function othersIn(groups: readonly DecisionGroup[]): Others {
  const others = { file: 0, net: 0 };
  for (const { type, count } of groups) others[type.startsWith('net_') ? 'net' : 'file'] += count;
  return others;
}

type Outcomes = Pick<RouteCounts, 'attempts' | 'allowed'>;

/** Attempts that were decided on, and those that may have been. */
function decided(mode: ReadyDaemon['mode'], all: readonly Outcomes[]) {
  const most = all.reduce((sum, { attempts }) => sum + attempts, 0);
  const through = all.reduce((sum, { allowed }) => sum + allowed, 0);
  // Enforce: what went through was perhaps never decided on; that it did is judged on its own.
  return { least: mode === 'enforce' ? most - through : most, most };
}

/**
 * What each counter of our work told, beside what we counted ourselves. By inode and by address they are
 * judged with their event lines, as the accounting.
 */
export function counterChecks(
  measured: Pick<Measured, 'before' | 'after' | 'counts' | 'strangersBefore'> & {
    readonly loads: { readonly victims: Pick<Loads['victims'], 'counts'> };
    readonly side: readonly SideWork[];
  },
  daemon: Pick<ReadyDaemon, 'mode' | 'events'>,
): CounterCheck[] {
  const { mode, events } = daemon;
  const { counts, loads, side, strangersBefore } = measured;
  const files = side.filter((work) => !work.isNetwork);
  const network = side.filter((work) => work.isNetwork);
  const countsOf = (works: readonly SideWork[]) => works.map((work) => work.counts);
  const opens = [counts, loads.victims.counts(), ...countsOf(files)];
  const onFiles = decided(mode, opens);
  const strangers = othersIn(events.hostDecisions());
  // Those before the soak are in both scrapes.
  const others: Others = {
    file: strangers.file - strangersBefore.file,
    net: strangers.net - strangersBefore.net,
  };
  const total = (family: string) => scrapeDelta(measured, [family]);
  const labelled = (family: string, label: string, value: string) =>
    labelledDelta(measured, family, label, value);
  const check = (counter: string, told: Figure, ours: typeof onFiles, more: number) => ({
    ...{ counter, told, ...ours, others: more },
  });
  const cgroup = readProcessFacts(process.pid)?.cgroup;
  return [
    check('aegisbpf_blocks_total', total('aegisbpf_blocks_total'), onFiles, others.file),
    check(
      `${BY_CGROUP} of our cgroup`,
      cgroup === undefined
        ? {
            known: false,
            source: '/proc/self/cgroup',
            reason:
              'the cgroup of our own processes cannot be read, so the counter of it is not known',
          }
        : labelled(BY_CGROUP, 'cgroup_id', String(cgroup.id)),
      // Those of the network are counted there as well.
      decided(mode, [...opens, ...countsOf(network)]),
      others.file + others.net,
    ),
    // Under LSM no decision is counted by path; where one is it must be right (docs/agent-contract.md §3.1).
    ...files.flatMap(({ subject, counts: tried }) => {
      const { target } = subject.task;
      const told = labelled(BY_PATH, 'path', target);
      return told.known && told.value > 0
        ? [check(`${BY_PATH} of ${target}`, told, decided(mode, [tried]), others.file)]
        : [];
    }),
    // Of every type: without a call of ours, the lines of others alone are counted there.
    check(NET_BLOCKS, total(NET_BLOCKS), decided(mode, countsOf(network)), others.net),
    ...CALLS.flatMap((call) => {
      const tried = network.flatMap(({ byRoute }) => byRoute.filter((one) => one.call === call));
      if (tried.length === 0) return [];
      const told = labelled(NET_BLOCKS, 'type', call);
      return [check(`${NET_BLOCKS} of ${call}s`, told, decided(mode, tried), others.net)];
    }),
  ];
}
