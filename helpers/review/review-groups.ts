import { type DecisionGroup, FOLDED } from '../agent/stream/decision-groups.ts';
import { unitOf } from './cgroup-unit.ts';
import type { DeniedFiles } from './denied-files.ts';
import type { ReviewGroup } from './recorded-groups.ts';

const quoted = (parts: readonly string[]) => parts.map((part) => JSON.stringify(part)).join(' | ');

/** Workloads by the names of their control groups, which are ours. */
export type Workloads = ReadonlyMap<string, string>;

/** What the decisions of a workload have in place of a unit. */
const WORKLOAD = 'workload ';

/** Of which workload a group is; undefined where it is of none. */
export const workloadOf = ({ unit }: Pick<ReviewGroup, 'unit'>): string | undefined =>
  unit.startsWith(WORKLOAD) ? unit.slice(WORKLOAD.length) : undefined;

function unitIn(cgroup: string, workloads: Workloads): string {
  if (cgroup === '') return 'unknown';
  const own = cgroup.split('/').flatMap((part) => workloads.get(part) ?? [])[0];
  return own === undefined ? unitOf(cgroup) : `${WORKLOAD}${own}`;
}

function named(group: DecisionGroup, files: DeniedFiles, workloads: Workloads): ReviewGroup {
  const { type, comm, action, count, firstSeen, lastSeen, process, parent, samples } = group;
  const target = files.get(group.target) ?? group.target;
  const cgroup = group.cgroup === '' ? (process?.cgroup ?? '') : group.cgroup;
  const unit = unitIn(cgroup, workloads);
  return {
    group: group.key === FOLDED ? FOLDED : quoted([type, target, comm, unit, action]),
    ...{ type, target, program: comm, unit, action, count, firstSeen, lastSeen },
    ...{ process, parent, examples: samples },
  };
}

/** The first and the last moment of several; ISO 8601 in UTC sorts as text. */
export const firstOf = (moments: readonly string[]) => moments.reduce((a, b) => (a < b ? a : b));
export const lastOf = (moments: readonly string[]) => moments.reduce((a, b) => (a < b ? b : a));

/** Two sessions of one user, two containers of one image, are one thing to review. */
const joined = (a: ReviewGroup, b: ReviewGroup): ReviewGroup => ({
  ...a,
  count: a.count + b.count,
  firstSeen: firstOf([a.firstSeen, b.firstSeen]),
  lastSeen: lastOf([a.lastSeen, b.lastSeen]),
  process: a.process ?? b.process,
  parent: a.parent ?? b.parent,
});

/** The groups of a phase as they are reviewed, most decisions first. */
export function reviewGroups(
  groups: readonly DecisionGroup[],
  files: DeniedFiles,
  workloads: Workloads = new Map(),
): readonly ReviewGroup[] {
  const byName = new Map<string, ReviewGroup>();
  for (const group of groups) {
    const one = named(group, files, workloads);
    const known = byName.get(one.group);
    byName.set(one.group, known === undefined ? one : joined(known, one));
  }
  return [...byName.values()].sort((a, b) => b.count - a.count || (a.group < b.group ? -1 : 1));
}

/** What each decision of the group would mean, or means, for the program in enforce mode (docs/agent-contract.md §4.2). */
export function inEnforce(group: Pick<ReviewGroup, 'type' | 'action'>, signal: string): string {
  const refused = 'refused with EPERM';
  const ended = signal === 'none' ? '' : `, and the program is sent SIG${signal.toUpperCase()}`;
  switch (group.action) {
    case 'AUDIT':
      return `would be ${refused}${ended}`;
    case 'BLOCK':
      return `was ${refused}`;
    case 'mixed':
      return `some were or would be ${refused}${ended}`;
    default:
      return `was ${refused}, and the program was sent SIG${group.action}`;
  }
}
