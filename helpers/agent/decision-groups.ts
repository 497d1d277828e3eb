import type { AgentEvent } from './output/events.ts';

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
}

/** Beyond this many groups the tail is folded into one, with its total kept. */
const MAX_GROUPS = 10_000;
const MAX_SAMPLES = 3;

const text = (value: unknown) => (value === undefined || value === null ? '' : String(value));

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

/** Groups decisions by rule target, program, cgroup and action, in bounded memory. */
export class DecisionGroups {
  readonly #groups = new Map<string, DecisionGroup>();

  add(event: AgentEvent, now: Date = new Date()): void {
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
      .map((part) => JSON.stringify(part))
      .join(' | ');
    const at = now.toISOString();
    const group = this.#groups.get(key) ?? this.#open(key, parts, at);
    group.count += 1;
    group.lastSeen = at;
    if (group.samples.length < MAX_SAMPLES) group.samples.push(event);
  }

  #open(
    key: string,
    parts: Omit<DecisionGroup, 'key' | 'count' | 'firstSeen' | 'lastSeen' | 'samples'>,
    at: string,
  ): DecisionGroup {
    const full = this.#groups.size >= MAX_GROUPS;
    const folded = { type: 'other', target: 'folded', comm: '', cgroup: '', action: 'mixed' };
    const groupKey = full ? 'folded' : key;
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
