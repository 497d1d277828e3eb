import { closeSync, openSync, writeSync } from 'node:fs';
import type { LogLine } from './contract/daemon-log.ts';

/** A line of the agent's log that a person should see. */
export interface LogFinding {
  readonly level: 'ERROR' | 'WARN';
  readonly text: string;
}

const KEPT_FINDINGS = 1000;
/** Lines that say the same but for their numbers: the first ones are kept whole, all are counted. */
const KEPT_OF_A_KIND = 100;
const MAX_KINDS = 10_000;
const MAX_LINE = 8192;
const MAX_FILE_BYTES = 64 * 1024 * 1024;

const FOUND = new Set(['FATAL', 'ERROR', 'WARN']);
/** What a line says, whatever its time and numbers. */
const kindOf = (text: string) => text.replace(/\d+/g, '#').slice(0, 500);

/**
 * Errors, warnings and state changes of the daemon's log, in a file of their own that no rotation
 * touches. A flood of one message is kept by its beginning and its count.
 */
export class LogFindings {
  readonly list: LogFinding[] = [];
  readonly #path: string;
  readonly #kinds = new Map<string, number>();
  #descriptor: number | undefined;
  #bytes = 0;
  #errors = 0;
  #unnamedKinds = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** ERROR and FATAL lines so far, stored or not. */
  get errors(): number {
    return this.#errors;
  }

  /** Keeps the line if it is a finding. */
  take(line: LogLine, text: string): void {
    if (line.kind !== 'log') return;
    if (FOUND.has(line.level)) this.#find(line.level === 'WARN' ? 'WARN' : 'ERROR', text);
    else if (line.message === 'AEGIS_STATE_CHANGE') this.#keep(text);
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

  #find(level: LogFinding['level'], text: string): void {
    if (level === 'ERROR') this.#errors += 1;
    if (this.list.length < KEPT_FINDINGS) this.list.push({ level, text: text.slice(0, MAX_LINE) });
    this.#keep(text);
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
    } catch {
      // As with the log itself: a full disk is found by the soak's samples.
    }
  }
}
