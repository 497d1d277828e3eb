import { type Fields, fieldFault, shapeOf } from './event-fields.ts';
import { describeJsonFault } from './json-document.ts';
import { quote, valueText } from './parsed.ts';
import type { Action, RuntimeState } from './vocabulary.ts';

/*
 * The agent's events as they stand on its standard output, keys spelled as there
 * (docs/agent-contract.md §4.1); of their fields those that are read. event-fields.ts checks all.
 */

/** Who acted. 64-bit numbers above 2^53 are rounded here; `exec_id` has start_time in full. */
interface Actor {
  readonly pid: number;
  readonly ppid: number;
  /** ns since boot (clock ticks for processes older than the daemon, docs/agent-contract.md §6.8); 0 when unknown. */
  readonly start_time: number;
  readonly exec_id?: string;
  readonly cgid: number;
  readonly cgroup_path: string;
  readonly comm: string;
}

/** What every decision carries besides. */
interface Decision extends Actor {
  readonly parent_start_time: number;
  readonly action: Action;
  /** When its line was written, and its process began, in ms since 1970: other formats tell it (docs/agent-contract.md §4.5). */
  readonly timeMs?: number;
  readonly createdMs?: number;
  /** What the standard of its format requires, and its line lacks. */
  readonly lacks?: readonly string[];
}

export interface BlockEvent extends Decision {
  readonly type: 'block';
  readonly ino: number;
  /** major<<20 | minor; not stat's number, see `kernelDevice`. */
  readonly dev: number;
}

export interface NetBlockEvent extends Decision {
  readonly type: `net_${string}_block`;
  readonly remote_ip?: string;
  readonly remote_port?: number;
  readonly local_port?: number;
}

/** Of these nothing is read but who acted. */
export interface FurtherDecision extends Decision {
  readonly type: `kernel_${string}_block` | 'forensic_block';
}

/** A program was started; `comm` is the caller's name, from before the exec. */
export interface ExecEvent extends Actor {
  readonly type: 'exec';
}

/** What a program was started with. */
export interface ExecArgvEvent {
  readonly type: 'exec_argv';
  readonly pid: number;
  readonly start_time: number;
  readonly argc: number;
  /** At most 8, each cut at 31 bytes. */
  readonly argv: readonly string[];
}

/** The daemon's posture by its own word; STARTUP_ENFORCE_READY is intent, not readiness (docs/agent-contract.md §0.2). */
interface StateChangeEvent {
  readonly type: 'state_change';
  readonly state: RuntimeState;
  readonly reason_code: string;
}

/** Any other type: overlay_copy_up, diag, and what newer agents add. */
interface OtherEvent {
  readonly type: 'other';
  readonly agentType: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type AgentEvent =
  | BlockEvent
  | NetBlockEvent
  | FurtherDecision
  | ExecEvent
  | ExecArgvEvent
  | StateChangeEvent
  | OtherEvent;

/** What one line of the event stream is. */
export type EventLine =
  | { readonly kind: 'event'; readonly event: AgentEvent }
  /** Not an object at all: a CEF line, stray text, an empty line. */
  | { readonly kind: 'not-json'; readonly error: string }
  /** An object that is cut, malformed or breaks the contract. */
  | { readonly kind: 'invalid'; readonly error: string };

/**
 * Reads one line of the daemon's standard output (docs/agent-contract.md §4.1). Hot path: the fields
 * are checked by a table, because a schema library costs several times the JSON.parse.
 */
export function parseEventLine(line: string): EventLine {
  if (!line.startsWith('{')) {
    return { kind: 'not-json', error: `expected an event as a JSON object, saw ${quote(line)}` };
  }
  let fields: Fields;
  try {
    fields = JSON.parse(line);
  } catch {
    return invalid(`an event is not JSON: ${describeJsonFault(line)}`);
  }
  const { type } = fields;
  if (typeof type !== 'string')
    return invalid(`expected a string, saw ${valueText(type)} at $.type of ${quote(line)}`);
  const shape = shapeOf(type);
  if (shape === undefined)
    return { kind: 'event', event: { type: 'other', agentType: type, fields } };
  const error = fieldFault(type, shape, fields);
  if (error !== undefined) return invalid(error);
  return { kind: 'event', event: fields as unknown as AgentEvent };
}

const invalid = (error: string): EventLine => ({ kind: 'invalid', error });
