import { type AgentStarted, agentStarted, parseLogLine } from '../contract/daemon-log.ts';
import { EventLineSplitter } from '../contract/event-stream.ts';
import type { Parsed } from '../contract/parsed.ts';
import { type LogFinding, LogFindings } from '../log-findings.ts';
import { type Room, RotatedFile } from './rotated-file.ts';

export type { LogFinding } from '../log-findings.ts';

const KEPT_LINES = 20;
const ROOM: Room = { partBytes: 16 * 1024 * 1024 };

/**
 * The daemon's standard error, judged line by line. On disk it is bounded by rotation; errors,
 * warnings and state changes are also kept in `….findings.log`, which no rotation touches.
 */
export class DaemonLog {
  readonly #file: RotatedFile;
  readonly #findings: LogFindings;
  readonly #splitter = new EventLineSplitter();
  readonly #tail: string[] = [];
  readonly #startedWaiters: ((value: Parsed<AgentStarted>) => void)[] = [];
  #started: Parsed<AgentStarted> | undefined;
  #starts = 0;
  #startedAtMs: number | undefined;

  /** @param path of the log, `….log`; its parts and findings lie beside it. */
  constructor(path: string, room: Room = ROOM) {
    this.#file = new RotatedFile(path, room);
    this.#findings = new LogFindings(path.replace(/\.log$/, '.findings.log'));
  }

  push(chunk: Buffer): void {
    for (const line of this.#splitter.push(chunk)) {
      if (line.kind === 'line') this.#take(line.text);
      else this.#keep(`(a line of more than ${line.bytes} bytes) ${line.head}`);
    }
  }

  async end(): Promise<void> {
    const rest = this.#splitter.end();
    if (rest !== undefined) this.#take(rest.text);
    this.#findings.end();
    this.#file.end();
  }

  /** The fields of `Agent started`; undefined when it has not come within the time. */
  untilStarted(timeoutMs: number): Promise<Parsed<AgentStarted> | undefined> {
    if (this.#started !== undefined) return Promise.resolve(this.#started);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs);
      timer.unref();
      this.#startedWaiters.push((value) => {
        clearTimeout(timer);
        resolve(value);
      });
    });
  }

  /** When we first read "Agent started", in ms of CLOCK_MONOTONIC: a moment after it was written. */
  get startedAtMs(): number | undefined {
    return this.#startedAtMs;
  }

  get lastLine(): string {
    return this.#tail.at(-1) ?? '';
  }

  /** The last error line, or else the last line of any kind. */
  get lastWords(): string {
    return this.findings.findLast((finding) => finding.level === 'ERROR')?.text ?? this.lastLine;
  }

  /** The first errors and warnings. */
  get findings(): readonly LogFinding[] {
    return this.#findings.list;
  }

  /** The first lines at ERROR level. */
  get errors(): readonly LogFinding[] {
    return this.findings.filter((finding) => finding.level === 'ERROR');
  }

  /** How often it said that it started: more than once, and it executed itself anew with its pid. */
  get starts(): number {
    return this.#starts;
  }

  /** How many lines at ERROR level there were. */
  get errorCount(): number {
    return this.#findings.errors;
  }

  #take(text: string): void {
    const line = parseLogLine(text);
    this.#findings.take(line, text);
    this.#keep(text);
    if (line.kind !== 'log' || line.message !== 'Agent started') return;
    this.#starts += 1;
    this.#startedAtMs ??= Number(process.hrtime.bigint()) / 1e6;
    if (this.#started === undefined) {
      this.#started = agentStarted(line);
      for (const tell of this.#startedWaiters.splice(0)) tell(this.#started);
    }
  }

  #keep(text: string): void {
    this.#file.write(`${text}\n`);
    this.#tail.push(text);
    if (this.#tail.length > KEPT_LINES) this.#tail.shift();
  }
}
