import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { type DecisionGroup, DecisionGroups } from './decision-groups.ts';
import { EventLineSplitter } from './output/event-stream.ts';
import { type AgentEvent, parseEventLine } from './output/events.ts';
import type { OwnFile } from './own-file.ts';

/** Decisions on one file of ours, counted as they arrive. */
export interface FileDecisions {
  lines: number;
  readonly byAction: Map<string, number>;
  /** Lines by the pid of whoever opened the file. */
  readonly byPid: Map<number, number>;
  /** The first events, for the probes; a soak's millions are only counted. */
  readonly first: BlockEvent[];
}

export type BlockEvent = Extract<AgentEvent, { type: 'block' }>;
export type StateChange = Extract<AgentEvent, { type: 'state_change' }>;

const KEPT_EVENTS = 1000;
/** Stored lines of a soak's own decisions and of the host's exec telemetry; all are counted. */
const KEPT_OWN_LINES = 20_000;
const KEPT_TELEMETRY_BYTES = 64 * 1024 * 1024;

/** What could not be taken from the stream as it is. */
export interface StreamDefects {
  readonly notJson: number;
  readonly invalid: number;
  readonly oversized: number;
  /** The first few, escaped and cut. */
  readonly samples: readonly string[];
}

/**
 * The daemon's event stream: parsed as it arrives with bounded memory, written to disk with our
 * own bulk thinned out (counted in full, stored up to a bound), everything else kept.
 */
export class EventLog {
  readonly stateChanges: StateChange[] = [];
  readonly #watched = new Map<string, FileDecisions>();
  readonly #groups = new DecisionGroups();
  readonly #splitter = new EventLineSplitter();
  readonly #file: WriteStream;
  readonly #waiting = new Set<() => void>();
  #lines = 0;
  #ownStored = 0;
  #telemetryBytes = 0;
  #notStored = 0;
  #notJson = 0;
  #invalid = 0;
  #oversized = 0;
  readonly #samples: string[] = [];

  constructor(path: string) {
    this.#file = createWriteStream(path, { mode: 0o640 });
    // A full disk must not end the run unseen: the soak's own samples fail on the same disk.
    this.#file.on('error', () => {
      this.#notStored += 1;
    });
  }

  /** Counts decisions on this file apart from the host's. */
  watch(file: Pick<OwnFile, 'dev' | 'ino'>): FileDecisions {
    const key = `${file.dev}:${file.ino}`;
    const known = this.#watched.get(key);
    if (known !== undefined) return known;
    const decisions: FileDecisions = { lines: 0, byAction: new Map(), byPid: new Map(), first: [] };
    this.#watched.set(key, decisions);
    return decisions;
  }

  push(chunk: Buffer): void {
    for (const line of this.#splitter.push(chunk)) {
      if (line.kind === 'oversized') {
        this.#oversized += 1;
        this.#note(`a line of more than ${line.bytes} bytes`);
      } else this.#take(line.text);
    }
    for (const wake of this.#waiting) wake();
  }

  /** The stream has ended: what is left without a newline is a torn event. */
  async end(): Promise<void> {
    const rest = this.#splitter.end();
    if (rest !== undefined) {
      this.#invalid += 1;
      this.#note('the stream ended in the middle of a line');
    }
    this.#file.end();
    await finished(this.#file).catch(() => {});
    for (const wake of this.#waiting) wake();
  }

  /** Waits until the condition holds; false after the deadline. */
  async until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return true;
    return new Promise((resolve) => {
      const settle = (held: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(held);
      };
      const wake = () => {
        if (condition()) settle(true);
      };
      const timer = setTimeout(() => settle(condition()), timeoutMs);
      this.#waiting.add(wake);
    });
  }

  get lines(): number {
    return this.#lines;
  }

  get notStored(): number {
    return this.#notStored;
  }

  get defects(): StreamDefects {
    return {
      notJson: this.#notJson,
      invalid: this.#invalid,
      oversized: this.#oversized,
      samples: this.#samples,
    };
  }

  /** Decisions on files and addresses that are not ours, grouped. */
  hostDecisions(): readonly DecisionGroup[] {
    return this.#groups.list();
  }

  #take(text: string): void {
    if (text === '') return;
    this.#lines += 1;
    const parsed = parseEventLine(text);
    if (parsed.kind !== 'event') {
      if (parsed.kind === 'invalid') this.#invalid += 1;
      else this.#notJson += 1;
      this.#note(parsed.error);
      this.#store(text);
      return;
    }
    this.#count(parsed.event, text);
  }

  #count(event: AgentEvent, text: string): void {
    if (event.type === 'block') {
      const own = this.#watched.get(`${event.dev}:${event.ino}`);
      if (own !== undefined) {
        this.#countOwn(own, event);
        this.#ownStored += 1;
        if (this.#ownStored <= KEPT_OWN_LINES) this.#store(text);
        else this.#notStored += 1;
        return;
      }
    }
    if (event.type === 'exec' || event.type === 'exec_argv') {
      this.#telemetryBytes += text.length;
      if (this.#telemetryBytes <= KEPT_TELEMETRY_BYTES) this.#store(text);
      else this.#notStored += 1;
      return;
    }
    if (event.type === 'state_change') this.stateChanges.push(event);
    else this.#groups.add(event);
    this.#store(text);
  }

  #countOwn(own: FileDecisions, event: BlockEvent): void {
    own.lines += 1;
    own.byAction.set(event.action, (own.byAction.get(event.action) ?? 0) + 1);
    own.byPid.set(event.pid, (own.byPid.get(event.pid) ?? 0) + 1);
    if (own.first.length < KEPT_EVENTS) own.first.push(event);
  }

  #note(sample: string): void {
    if (this.#samples.length < 5) this.#samples.push(sample);
  }

  #store(text: string): void {
    this.#file.write(`${text}\n`);
  }
}
