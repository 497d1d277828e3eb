import type { AgentEvent } from '../agent/contract/events.ts';
import { type DecisionGroup, FOLDED } from '../agent/stream/decision-groups.ts';
import type { SeenProcess } from '../host/seen-process.ts';
import { unitOf } from './cgroup-unit.ts';
import type { DeniedFiles } from './denied-files.ts';

export type ReviewedPhase = 'audit' | 'enforce';

/** A group of decisions as a person reviews it: named by what stays the same from run to run. */
export interface ReviewGroup {
  /** Type, target, program, unit and action, each in quotes: no program can choose a name that hides it. */
  readonly group: string;
  readonly type: string;
  /** Path of the file where it is known, else `dev:ino`; address and port; or the rule type. */
  readonly target: string;
  /** Name of the program as the event has it (at most 15 bytes, TASK_COMM_LEN). */
  readonly program: string;
  readonly unit: string;
  readonly action: string;
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly process?: SeenProcess;
  readonly parent?: SeenProcess;
  readonly examples: readonly AgentEvent[];
}

const quoted = (parts: readonly string[]) => parts.map((part) => JSON.stringify(part)).join(' | ');

function named(group: DecisionGroup, files: DeniedFiles): ReviewGroup {
  const { type, comm, action, count, firstSeen, lastSeen, process, parent, samples } = group;
  const target = files.get(group.target) ?? group.target;
  const cgroup = group.cgroup === '' ? (process?.cgroup ?? '') : group.cgroup;
  const unit = cgroup === '' ? 'unknown' : unitOf(cgroup);
  return {
    group: group.key === FOLDED ? FOLDED : quoted([type, target, comm, unit, action]),
    ...{ type, target, program: comm, unit, action, count, firstSeen, lastSeen },
    ...(process === undefined ? {} : { process }),
    ...(parent === undefined ? {} : { parent }),
    examples: samples,
  };
}

const earlier = (a: string, b: string) => (a < b ? a : b);
const later = (a: string, b: string) => (a < b ? b : a);

/** Two sessions of one user, two containers of one image, are one thing to review. */
function joined(a: ReviewGroup, b: ReviewGroup): ReviewGroup {
  const process = a.process ?? b.process;
  const parent = a.parent ?? b.parent;
  return {
    ...a,
    count: a.count + b.count,
    firstSeen: earlier(a.firstSeen, b.firstSeen),
    lastSeen: later(a.lastSeen, b.lastSeen),
    ...(process === undefined ? {} : { process }),
    ...(parent === undefined ? {} : { parent }),
  };
}

/** The groups of a phase as they are reviewed, most decisions first. */
export function reviewGroups(
  groups: readonly DecisionGroup[],
  files: DeniedFiles,
): readonly ReviewGroup[] {
  const byName = new Map<string, ReviewGroup>();
  for (const group of groups) {
    const one = named(group, files);
    const known = byName.get(one.group);
    byName.set(one.group, known === undefined ? one : joined(known, one));
  }
  return [...byName.values()].sort((a, b) => b.count - a.count || (a.group < b.group ? -1 : 1));
}

/** What each decision of the group would mean, or means, for the program in enforce mode (§4.2). */
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
