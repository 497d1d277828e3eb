import { closeSync, openSync, writeSync } from 'node:fs';
import type { LogLine } from './contract/daemon-log.ts';
import type { Begun } from './stream/rotated-file.ts';

const KEPT_ERRORS = 1000;
/** Lines that say the same but for their numbers: the first ones are kept whole, all are counted. */
const KEPT_OF_A_KIND = 100;
const MAX_KINDS = 10_000;
const MAX_LINE = 8192;
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** What a line says, whatever its time and numbers. */
const kindOf = (text: string) => text.replace(/\d+/g, '#').slice(0, 500);

/**
 * Errors, warnings and state changes of the daemon's log, in a file of their own that no rotation
 * touches. A flood of one message is kept by its beginning and its count.
 */
export class LogFindings {
  /** The first ERROR and FATAL lines. */
  readonly errors: string[] = [];
  /** ERROR and FATAL lines so far, stored or not. */
  errorCount = 0;
  readonly #path: string;
  readonly #kinds = new Map<string, number>();
  #descriptor: number | undefined;
  #bytes = 0;
  #unnamedKinds = 0;

  #begun: Begun | undefined;

  constructor(path: string, begun?: Begun) {
    this.#path = path;
    this.#begun = begun;
  }

  /** Keeps the line if it is a finding. */
  take(line: LogLine, text: string): void {
    if (line.kind !== 'log') return;
    const { level, message } = line;
    const isError = level === 'ERROR' || level === 'FATAL';
    if (isError) this.errorCount += 1;
    if (isError && this.errors.length < KEPT_ERRORS) this.errors.push(text.slice(0, MAX_LINE));
    if (isError || level === 'WARN' || message === 'AEGIS_STATE_CHANGE') this.#keep(text);
  }

  /** Closes the file, with the counts of what was not kept line by line. */
  end(): void {
    for (const [kind, count] of this.#kinds) {
      if (count > KEPT_OF_A_KIND) this.#write(`${count} lines in all like: ${kind}\n`);
    }
    if (this.#unnamedKinds > 0) this.#write(`${this.#unnamedKinds} lines of further kinds\n`);
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #keep(text: string): void {
    const kind = kindOf(text);
    const count = this.#kinds.get(kind) ?? 0;
    if (count === 0 && this.#kinds.size >= MAX_KINDS) {
      this.#unnamedKinds += 1;
      return;
    }
    this.#kinds.set(kind, count + 1);
    if (count < KEPT_OF_A_KIND && this.#bytes < MAX_FILE_BYTES)
      this.#write(`${text.slice(0, MAX_LINE)}\n`);
  }

  #write(text: string): void {
    this.#descriptor ??= openSync(this.#path, 'w', 0o640);
    try {
      this.#bytes += writeSync(this.#descriptor, text);
      this.#begun?.(this.#path, text);
      this.#begun = undefined;
    } catch {
      // As with the log itself: a full disk is found by the soak's samples.
    }
  }
}
