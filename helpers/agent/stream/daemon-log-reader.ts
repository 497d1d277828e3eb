import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentStarted, agentStarted, parseLogLine } from '../contract/daemon-log.ts';
import { EventLineSplitter } from '../contract/event-stream.ts';
import type { Parsed } from '../contract/parsed.ts';
import { LogFindings } from '../log-findings.ts';
import { type Begun, RotatedFile } from './rotated-file.ts';

const KEPT_LINES = 20;
const PART_BYTES = 16 * 1024 * 1024;

/**
 * The daemon's standard error, judged line by line. On disk it is bounded by rotation; errors,
 * warnings and state changes are also kept in `….findings.log`, which no rotation touches.
 */
export class DaemonLog {
  readonly #file: RotatedFile;
  readonly #findings: LogFindings;
  readonly #splitter = new EventLineSplitter();
  readonly #tail: string[] = [];
  readonly #started = Promise.withResolvers<Parsed<AgentStarted>>();
  /** How often it said that it started: more than once, and it executed itself anew with its pid. */
  starts = 0;
  /** When we first read "Agent started", in ms of CLOCK_MONOTONIC: a moment after it was written. */
  startedAtMs: number | undefined;

  /** @param path of the log, `….log`; its parts and findings lie beside it. */
  constructor(path: string, begun?: Begun, partBytes = PART_BYTES) {
    this.#file = new RotatedFile(path, partBytes, begun);
    this.#findings = new LogFindings(path.replace(/\.log$/, '.findings.log'), begun);
  }

  /** How much it logged, in bytes. */
  bytes = 0;

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
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
    const late = sleep(timeoutMs, undefined, { ref: false });
    return Promise.race([this.#started.promise, late]);
  }

  get lastLine(): string {
    return this.#tail.at(-1) ?? '';
  }

  /** The last error line, or else the last line of any kind. */
  get lastWords(): string {
    return this.errors.at(-1) ?? this.lastLine;
  }

  /** The first lines at ERROR level. */
  get errors(): readonly string[] {
    return this.#findings.errors;
  }

  /** How many lines at ERROR level there were. */
  get errorCount(): number {
    return this.#findings.errorCount;
  }

  #take(text: string): void {
    const line = parseLogLine(text);
    this.#findings.take(line, text);
    this.#keep(text);
    if (line.kind !== 'log' || line.message !== 'Agent started') return;
    this.starts += 1;
    this.startedAtMs ??= Number(process.hrtime.bigint()) / 1e6;
    this.#started.resolve(agentStarted(line));
  }

  #keep(text: string): void {
    this.#file.write(`${text}\n`);
    this.#tail.push(text);
    if (this.#tail.length > KEPT_LINES) this.#tail.shift();
  }
}
