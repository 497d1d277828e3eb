import { hash } from 'node:crypto';
import { type RunningProgram, runningProgram } from '../../host/running-program.ts';
import { withoutControls } from '../../text/escaped-character.ts';
import type { AgentEvent } from '../contract/events.ts';

/** Decisions that our own workload did not cause, as one thing for a person to review. */
export interface DecisionGroup {
  /** Stable over runs: made of what is compared, never of counts or times. */
  readonly key: string;
  readonly type: string;
  /** `dev:ino` of the file, or the address and port, or the rule type. */
  readonly target: string;
  readonly comm: string;
  readonly cgroup: string;
  readonly action: string;
  count: number;
  readonly firstSeen: string;
  lastSeen: string;
  /** A few whole events. */
  readonly samples: AgentEvent[];
  /** The program of one of its decisions, when /proc still showed it. */
  process?: RunningProgram;
  /** What started that program; often the one that is still there to be seen. */
  parent?: RunningProgram;
}

/** Key of the group that holds every decision for which there was no room. */
export const FOLDED = 'folded';
/** Beyond this many groups the tail is folded into one, with its total kept. */
const MAX_GROUPS = 10_000;
const MAX_SAMPLES = 3;
/** A true event has a few hundred bytes and a path of at most 4,096 (path_resolution(7)). */
const MAX_SAMPLE_BYTES = 16 * 1024;
const MAX_PART_CHARACTERS = 4096;
/** A program that ends at once is gone from /proc; how often a group's next one is looked for. */
const MAX_LOOKUPS = 8;

/** A field as text; what is too long to keep whole is named by its start and its hash. */
function text(value: unknown): string {
  const whole = value === undefined || value === null ? '' : String(value);
  if (whole.length <= MAX_PART_CHARACTERS) return whole;
  const digest = hash('sha256', whole);
  return `${whole.slice(0, MAX_PART_CHARACTERS)}… (${digest})`;
}

function targetOf(event: AgentEvent): string {
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  if (fields.ino !== undefined && fields.dev !== undefined) return `${fields.dev}:${fields.ino}`;
  const address = text(fields.remote_ip);
  const port = text(fields.remote_port ?? fields.local_port);
  if (address !== '' || port !== '') return `${text(fields.protocol)} ${address}:${port}`;
  return text(fields.rule_type);
}

/** True for every event that is a decision of the agent: its type ends in `block`. */
export function isDecision(event: AgentEvent): boolean {
  const type = event.type === 'other' ? event.agentType : event.type;
  return type === 'block' || type.endsWith('_block');
}

const seen = (pid: unknown, startTime: unknown, comm?: string) =>
  typeof pid === 'number' && typeof startTime === 'number'
    ? runningProgram(pid, startTime, comm)
    : undefined;

/** Groups decisions by rule target, program, cgroup and action, in bounded memory. */
export class DecisionGroups {
  readonly #groups = new Map<string, DecisionGroup>();
  readonly #lookups = new Map<string, number>();

  /** @param bytes length of the event's line; a long one is counted and not kept as a sample. */
  add(event: AgentEvent, now: Date = new Date(), bytes = 0): void {
    if (!isDecision(event)) return;
    const fields = event as unknown as Readonly<Record<string, unknown>>;
    const parts = {
      type: event.type === 'other' ? event.agentType : event.type,
      target: targetOf(event),
      comm: text(fields.comm),
      cgroup: text(fields.cgroup_path),
      action: text(fields.action),
    };
    // Quoted, so that a program cannot choose a name that hides it under another group.
    const key = Object.values(parts)
      .map((part) => withoutControls(JSON.stringify(part)))
      .join(' | ');
    const at = now.toISOString();
    const group = this.#groups.get(key) ?? this.#open(key, parts, at);
    group.count += 1;
    group.lastSeen = at;
    if (group.samples.length < MAX_SAMPLES && bytes <= MAX_SAMPLE_BYTES) group.samples.push(event);
    if (group.process === undefined) this.#lookUp(group, fields);
  }

  /** While it runs: a minute later the pid says nothing any more. */
  #lookUp(group: DecisionGroup, fields: Readonly<Record<string, unknown>>): void {
    const tried = this.#lookups.get(group.key) ?? 0;
    if (tried >= MAX_LOOKUPS || group.key === FOLDED) return;
    this.#lookups.set(group.key, tried + 1);
    const process = seen(fields.pid, fields.start_time, group.comm);
    const parent = seen(fields.ppid, fields.parent_start_time);
    if (process !== undefined) group.process = process;
    if (parent !== undefined) group.parent = parent;
  }

  #open(
    key: string,
    parts: Omit<DecisionGroup, 'key' | 'count' | 'firstSeen' | 'lastSeen' | 'samples'>,
    at: string,
  ): DecisionGroup {
    const full = this.#groups.size >= MAX_GROUPS;
    const folded = { type: 'other', target: 'folded', comm: '', cgroup: '', action: 'mixed' };
    const groupKey = full ? FOLDED : key;
    const known = this.#groups.get(groupKey);
    if (known !== undefined) return known;
    const group = {
      ...(full ? folded : parts),
      key: groupKey,
      count: 0,
      firstSeen: at,
      lastSeen: at,
      samples: [],
    };
    this.#groups.set(groupKey, group);
    return group;
  }

  /** The groups, most decisions first. */
  list(): readonly DecisionGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
  }
}
