import type { WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { type AgentStarted, agentStarted, parseLogLine } from './output/daemon-log.ts';
import { EventLineSplitter } from './output/event-stream.ts';
import type { Parsed } from './output/parsed.ts';

/** A line of the agent's log that a person should see. */
export interface LogFinding {
  readonly level: 'ERROR' | 'WARN';
  readonly text: string;
}

const KEPT_LINES = 20;
const KEPT_FINDINGS = 1000;
const KEPT_BYTES = 64 * 1024 * 1024;

/** The daemon's standard error: written to disk as it comes, judged line by line. */
export class DaemonLog {
  readonly findings: LogFinding[] = [];
  readonly #file: WriteStream;
  readonly #splitter = new EventLineSplitter();
  readonly #tail: string[] = [];
  readonly #startedWaiters: ((value: Parsed<AgentStarted>) => void)[] = [];
  #started: Parsed<AgentStarted> | undefined;
  #bytes = 0;

  constructor(file: WriteStream) {
    this.#file = file;
    this.#file.on('error', () => {});
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    for (const line of this.#splitter.push(chunk)) {
      if (line.kind === 'line') this.#take(line.text);
    }
  }

  async end(): Promise<void> {
    this.#file.end();
    await finished(this.#file).catch(() => {});
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

  get lastLine(): string {
    return this.#tail.at(-1) ?? '';
  }

  /** The last error line, or else the last line of any kind. */
  get lastWords(): string {
    return this.findings.findLast((finding) => finding.level === 'ERROR')?.text ?? this.lastLine;
  }

  /** Lines at ERROR level. */
  get errors(): readonly LogFinding[] {
    return this.findings.filter((finding) => finding.level === 'ERROR');
  }

  #take(text: string): void {
    // Errors and warnings are kept whatever the volume; only a flood of others is cut.
    const line = parseLogLine(text);
    const finding = line.kind === 'log' && ['FATAL', 'ERROR', 'WARN'].includes(line.level);
    if (finding || this.#bytes <= KEPT_BYTES) this.#file.write(`${text}\n`);
    this.#tail.push(text);
    if (this.#tail.length > KEPT_LINES) this.#tail.shift();
    if (finding && this.findings.length < KEPT_FINDINGS) {
      this.findings.push({ level: line.level === 'WARN' ? 'WARN' : 'ERROR', text });
    }
    if (line.kind === 'log' && line.message === 'Agent started' && this.#started === undefined) {
      this.#started = agentStarted(line);
      for (const tell of this.#startedWaiters.splice(0)) tell(this.#started);
    }
  }
}
