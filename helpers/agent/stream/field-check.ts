import { isStartTime, type ProcessFacts } from '../../host/process-facts.ts';
import type {
  BlockEvent,
  ExecArgvEvent,
  ExecEvent,
  FurtherDecision,
  NetBlockEvent,
} from '../contract/events.ts';

/** Events that tell who acted. */
export type ActorEvent = BlockEvent | NetBlockEvent | FurtherDecision | ExecEvent;

/** Who acted: a process that we know, or a program that one started, whose name alone we know. */
export type KnownActor =
  | {
      readonly kind: 'process';
      readonly process: ProcessFacts;
      readonly parent: ProcessFacts | undefined;
    }
  | { readonly kind: 'child'; readonly parent: ProcessFacts; readonly names: readonly string[] };

/** One field of one event, beside what we know. */
export interface ComparedField {
  readonly field: string;
  /** `untold`: the event leaves it out, or has it as unknown. */
  readonly result: 'right' | 'untold' | 'wrong';
  readonly expected: string;
  readonly told: string;
}

const valueText = (value: unknown) => JSON.stringify(value) ?? 'nothing';

function compared(field: string, told: unknown, expected: readonly unknown[]): ComparedField {
  return {
    field,
    result: expected.includes(told) ? 'right' : 'wrong',
    expected: [...new Set(expected)].map(valueText).join(' or '),
    told: valueText(told),
  };
}

/** A field by which the line was recognised as one on this thing of ours, or by this process. */
export const right = (field: string) =>
  ({ field, result: 'right', expected: '', told: '' }) as const;

const untold = (field: string, told: unknown): ComparedField => ({
  ...right(field),
  result: 'untold',
  told: valueText(told),
});

/** 0 and an empty text are the agent's way to say that it does not know. */
function unlessUnknown(field: string, told: unknown, expected: readonly unknown[]): ComparedField {
  const isUnknown = told === undefined || told === 0 || told === '';
  return isUnknown ? untold(field, told) : compared(field, told, expected);
}

function startTime(field: string, told: unknown, process: ProcessFacts): ComparedField {
  if (typeof told !== 'number' || told === 0) return untold(field, told);
  return {
    field,
    result: isStartTime(told, process) ? 'right' : 'wrong',
    expected: `clock tick ${process.startTicks} after boot`,
    told: valueText(told),
  };
}

/**
 * `START-PID`, of the start time and pid that the event itself has. On a host that is up for 104 days the start time is
 * rounded where it stands as a number, and in full in the text: that is rounded alike, and compared.
 */
function executionId(field: string, told: unknown, start: unknown, pid: number): ComparedField {
  if (told === undefined || told === '' || typeof start !== 'number' || start === 0)
    return untold(field, told);
  const expected = `${start}-${pid}`;
  const [, head, tail] = /^(\d+)-(\d+)$/.exec(String(told)) ?? [];
  const isRounded = !Number.isSafeInteger(start);
  const isAlike = isRounded && Number(head) === start && tail === String(pid);
  return compared(field, told, isAlike ? [told] : [expected]);
}

/** Ids that the agent makes of what the event tells besides (docs/agent-contract.md §4.1); it may leave them out. */
function checkIds(event: ActorEvent, told: ReadonlyMap<string, unknown>): ComparedField[] {
  const { start_time, pid, ppid } = event;
  const ids = [
    ['trace_id', start_time, pid],
    ['parent_exec_id', told.get('parent_start_time'), ppid],
    ['parent_trace_id', told.get('parent_start_time'), ppid],
  ] as const;
  return [
    executionId('exec_id', event.exec_id, start_time, pid),
    ...ids.flatMap(([field, start, of]) =>
      told.has(field) ? executionId(field, told.get(field), start, of) : [],
    ),
  ];
}

/** The parent and its parent, as far as the event tells ancestors; those above may be gone. */
function checkAncestors(told: unknown, actor: KnownActor): ComparedField[] {
  if (!Array.isArray(told)) return [];
  const { parent } = actor;
  const above = parent === undefined ? [] : [parent.parentPid];
  const known =
    actor.kind === 'process' ? [actor.process.parentPid, ...above] : [actor.parent.pid, ...above];
  const [beginning, expected] = [told.slice(0, known.length), known.slice(0, told.length)];
  return [compared('ancestors', JSON.stringify(beginning), [JSON.stringify(expected)])];
}

/** Fields of a decision on a file that no event of ours need have, and that are right where one has them. */
export function checkOptional(event: ActorEvent, paths: readonly string[]): ComparedField[] {
  const told: ReadonlyMap<string, unknown> = new Map(Object.entries(event));
  const suppressed = told.get('suppressed_during_prior_window');
  return [
    ...(paths.length === 0 ? [] : ['path', 'resolved_path']).flatMap((field) =>
      told.get(field) ? compared(field, told.get(field), paths) : [],
    ),
    // No life of ours is asked to leave lines out (`--event-dedup-window-ms`, docs/agent-contract.md §1.3).
    ...(suppressed === undefined
      ? []
      : [compared('suppressed_during_prior_window', suppressed, [0])]),
  ];
}

/** Compares what an event tells of who acted with what we know of it. */
export function checkActor(event: ActorEvent, actor: KnownActor): readonly ComparedField[] {
  const self = actor.kind === 'process' ? actor.process : actor.parent;
  const { cgroup } = self;
  const told: ReadonlyMap<string, unknown> = new Map(Object.entries(event));
  const userId = told.get('uid');
  return [
    compared('comm', event.comm, actor.kind === 'process' ? self.names : actor.names),
    ...checkIds(event, told),
    ...(event.type === 'exec' ? checkAncestors(told.get('ancestors'), actor) : []),
    unlessUnknown('ppid', event.ppid, [actor.kind === 'process' ? self.parentPid : self.pid]),
    ...(actor.kind === 'process' ? [startTime('start_time', event.start_time, self)] : []),
    ...(actor.parent === undefined || event.type === 'exec'
      ? []
      : [startTime('parent_start_time', told.get('parent_start_time'), actor.parent)]),
    ...(cgroup === undefined
      ? []
      : [
          unlessUnknown('cgid', event.cgid, [cgroup.id]),
          unlessUnknown('cgroup_path', event.cgroup_path, cgroup.paths),
        ]),
    // The contract has no uid in these events; where a version has one it is compared.
    ...(typeof userId === 'number' ? [compared('uid', userId, [self.uid])] : []),
  ];
}

/** The agent tells so many arguments of a program, each cut at so many bytes (docs/agent-contract.md §4.1). */
const TOLD_ARGUMENTS = 8;
const TOLD_ARGUMENT_BYTES = 31;

/** Compares what an event tells of a program's command line with the command line itself. */
export function checkArguments(
  { argc, argv }: ExecArgvEvent,
  started: readonly string[],
): readonly ComparedField[] {
  const expected = started.slice(0, TOLD_ARGUMENTS);
  // Where a cut falls inside of a character, its bytes before the cut are no text.
  const cut = expected.map((text) =>
    Buffer.from(text)
      .subarray(0, TOLD_ARGUMENT_BYTES)
      .toString()
      .replace(/\ufffd+$/, ''),
  );
  const told = argv.map((text) => text.replace(/\ufffd+$/, ''));
  return [
    compared('argc', argc, [cut.length]),
    compared('argv', JSON.stringify(told), [JSON.stringify(cut)]),
  ];
}

/** Compares further fields with the one value that they must have. */
export function checkValues(
  event: ActorEvent,
  values: Readonly<Record<string, unknown>>,
): readonly ComparedField[] {
  const told: ReadonlyMap<string, unknown> = new Map(Object.entries(event));
  return Object.entries(values).map(([field, value]) => compared(field, told.get(field), [value]));
}
