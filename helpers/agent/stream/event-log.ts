import { Waiters } from '../../criteria/step-signal.ts';
import { EventLineSplitter } from '../contract/event-stream.ts';
import {
  type AgentEvent,
  type BlockEvent,
  type ExecArgvEvent,
  type ExecEvent,
  type FurtherDecision,
  type NetBlockEvent,
  parseEventLine,
} from '../contract/events.ts';
import { type DecisionGroup, DecisionGroups } from './decision-groups.ts';
import { EventFile } from './event-file.ts';
import { Misnamed, type MisnamedLines } from './misnamed.ts';
import { OwnProcesses } from './own-processes.ts';
import { RememberedLines } from './remembered-lines.ts';
import type { Begun } from './rotated-file.ts';
import { StartedPrograms } from './started-programs.ts';
import { type FileDecisions, type PortDecisions, WatchedDecisions } from './watched-decisions.ts';

export type { FileDecisions, PortDecisions } from './watched-decisions.ts';
/** A decision on a process of ours, whatever it is on. */
export type OwnDecision = BlockEvent | NetBlockEvent | FurtherDecision;
export type StateChange = Extract<AgentEvent, { type: 'state_change' }>;

/** Pids of ours that decided once; a worker comes again before so many others did. */
const REMEMBERED_PIDS = 256;
const KEPT_STATE_CHANGES = 10_000;

/** What could not be taken from the stream as it is. */
export interface StreamDefects {
  notJson: number;
  invalid: number;
  oversized: number;
  /** The first few, escaped and cut. */
  readonly samples: string[];
}

const KEPT_OF_PROCESS = 1000;

const isOfNetwork = (event: AgentEvent): event is NetBlockEvent =>
  event.type.startsWith('net_') && event.type.endsWith('_block');
/** A bind tells its own port, a call the other side's. */
const portOf = ({ type, local_port = 0, remote_port = 0 }: NetBlockEvent) =>
  type === 'net_bind_block' ? local_port : remote_port;
const isDecision = (event: AgentEvent): event is OwnDecision =>
  event.type === 'block' || event.type.endsWith('_block');

/**
 * The daemon's event stream: parsed as it arrives with bounded memory, written to disk with our
 * own bulk thinned out (counted in full, stored up to a bound), everything else kept.
 */
export class EventLog {
  readonly stateChanges: StateChange[] = [];
  readonly #files = new Map<string, FileDecisions>();
  readonly #ports = new Map<number, PortDecisions>();
  readonly #byProcess = new Map<number, OwnDecision[]>();
  readonly #starters = new Map<number, StartedPrograms>();
  readonly #groups = new DecisionGroups();
  readonly #processes = new OwnProcesses();
  readonly #misnamed = new Misnamed();
  readonly #splitter = new EventLineSplitter();
  readonly #remembered = new RememberedLines();
  readonly #pidsSeen = new Set<number>();
  readonly #file: EventFile;
  readonly #read: typeof parseEventLine;
  readonly #waiters = new Waiters();
  readonly defects: StreamDefects = { notJson: 0, invalid: 0, oversized: 0, samples: [] };
  /** Lines that are no UTF-8, and so no JSON (RFC 8259, section 8.1); they are read all the same. */
  readonly notUtf8 = { lines: 0, sample: '' };
  lines = 0;
  #hasEnded = false;

  /** @param read reads a line; that of another format is read into the event that the agent's own would tell. */
  constructor(path: string, begun?: Begun, read = parseEventLine) {
    this.#file = new EventFile(path, begun);
    this.#read = read;
  }

  /** Counts decisions on this file apart from the host's. */
  watch(file: { readonly dev: number; readonly ino: number }): FileDecisions {
    return this.#watched(this.#files, `${file.dev}:${file.ino}`);
  }

  /** Counts decisions on calls to this port, or binds of it, apart from the host's. */
  watchPort(port: number): PortDecisions {
    return this.#watched(this.#ports, port);
  }

  /** Keeps decisions on this process and its children, a few hundred at most, apart from all others. */
  watchProcess(pid: number): readonly OwnDecision[] {
    const events: OwnDecision[] = [];
    this.#byProcess.set(pid, this.#byProcess.get(pid) ?? events);
    return this.#byProcess.get(pid) ?? events;
  }

  /** Keeps what is told of the programs that this process starts from now on. */
  watchStarts(pid: number): StartedPrograms {
    const started = new StartedPrograms();
    this.#starters.set(pid, started);
    return started;
  }

  push(chunk: Buffer): void {
    for (const line of this.#splitter.push(chunk)) {
      if (line.kind === 'oversized') {
        this.defects.oversized += 1;
        this.#note(`a line of more than ${line.bytes} bytes`);
        continue;
      }
      if (line.notUtf8) {
        this.notUtf8.lines += 1;
        this.notUtf8.sample ||= line.text;
      }
      this.#take(line.text);
    }
    this.#waiters.wake();
  }

  /** The stream has ended: what is left without a newline is a torn event. */
  async end(): Promise<void> {
    const rest = this.#splitter.end();
    if (rest !== undefined) {
      this.defects.invalid += 1;
      this.#note('the stream ended in the middle of a line');
    }
    this.#hasEnded = true;
    this.#waiters.wake();
    await this.#file.end();
  }

  /** Waits until the condition holds; false after the deadline, or once no line can come any more. */
  until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    return this.#waiters.until(condition, timeoutMs, () => this.#hasEnded);
  }

  /** Lines that were counted and not stored, because their kind had filled its room on disk. */
  get notStored(): number {
    return this.#file.notStored;
  }

  /** True once a line on a file or process of ours arrived: before that, silence on files shows nothing. */
  get toldOfOurs(): boolean {
    const all = [...this.#files.values()];
    const ofProcesses = [...this.#byProcess.values()];
    return all.some(({ lines }) => lines > 0) || ofProcesses.some((events) => events.length > 0);
  }

  /** Lines of these processes of ours, or of their children, that name what is not ours. */
  misnamedBy(pids: Iterable<number>): readonly MisnamedLines[] {
    return this.#misnamed.of(pids);
  }

  /** Decisions that we did not cause, whatever they are on, grouped. */
  hostDecisions(): readonly DecisionGroup[] {
    return this.#groups.list();
  }

  #take(text: string): void {
    if (text === '') return;
    this.lines += 1;
    const again = this.#remembered.find(text);
    if (again !== undefined) {
      again();
      return;
    }
    const parsed = this.#read(text);
    if (parsed.kind === 'event') {
      this.#count(parsed.event, text);
      return;
    }
    this.defects[parsed.kind === 'invalid' ? 'invalid' : 'notJson'] += 1;
    this.#note(parsed.error);
    this.#file.store('unreadable', text);
  }

  #count(event: AgentEvent, text: string): void {
    if (this.#byProcess.size > 0 && isDecision(event)) {
      const own = this.#byProcess.get(event.pid) ?? this.#byProcess.get(event.ppid);
      if (own !== undefined && own.length < KEPT_OF_PROCESS) {
        own.push(event);
        this.#file.store('own', text);
        return;
      }
    }
    if (event.type === 'block')
      this.#countDecision(this.#files.get(`${event.dev}:${event.ino}`), event, text);
    else if (isOfNetwork(event)) {
      const own = this.#ports.get(portOf(event));
      this.#countDecision(own, event, text);
    } else if (event.type === 'exec' || event.type === 'exec_argv') {
      this.#takeExec(event, text);
      this.#file.store('telemetry', text);
    } else if (event.type === 'state_change') {
      if (this.stateChanges.length < KEPT_STATE_CHANGES) this.stateChanges.push(event);
      this.#file.store('state', text);
    } else this.#countHost(event, text);
  }

  #countHost(event: AgentEvent, text: string): void {
    this.#groups.add(event, new Date(), text.length);
    this.#file.store('host', text);
  }

  /** Most are the host's: two look-ups in the sets of our workers each. */
  #takeExec(event: ExecEvent | ExecArgvEvent, text: string): void {
    for (const [pid, started] of this.#starters)
      if (event.type === 'exec_argv' || event.ppid === pid) started.take(event);
    for (const watched of [this.#files, this.#ports])
      for (const { execLines } of watched.values())
        if (
          event.type === 'exec' ? execLines.take(event, text) : execLines.takeArguments(event, text)
        )
          return;
  }

  #countDecision<E extends BlockEvent | NetBlockEvent>(
    own: WatchedDecisions<E> | undefined,
    event: E,
    text: string,
  ): void {
    const cause = this.#processes.causeOf(event);
    if (own === undefined || cause === undefined) {
      own?.count(event);
      if (cause !== undefined) this.#misnamed.add(cause, event, text);
      this.#countHost(event, text);
      return;
    }
    const examined = own.examination.examine(event, cause, text);
    own.count(event);
    examined();
    // A worker works on one thing: on another of ours its line is as wrong as on a stranger's.
    if (cause !== process.pid && !own.owners.has(cause)) this.#misnamed.add(cause, event, text);
    this.#file.store('own', text);
    // Only a process that decides again and again, as a worker does, is worth remembering.
    if (!this.#pidsSeen.has(event.pid) || !own.owners.has(cause)) {
      if (this.#pidsSeen.size === REMEMBERED_PIDS) this.#pidsSeen.clear();
      this.#pidsSeen.add(event.pid);
      return;
    }
    // The text is part of a whole chunk, which would stay in memory with it.
    const kept = Buffer.from(text).toString();
    this.#remembered.remember(kept, () => {
      own.count(event);
      examined();
      this.#file.store('own', kept);
    });
  }

  #note(sample: string): void {
    if (this.defects.samples.length < 5) this.defects.samples.push(sample);
  }

  #watched<E extends BlockEvent | NetBlockEvent, Key>(
    known: Map<Key, WatchedDecisions<E>>,
    key: Key,
  ): WatchedDecisions<E> {
    const watched = known.get(key) ?? new WatchedDecisions<E>(this.#processes);
    known.set(key, watched);
    return watched;
  }
}
