import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Begun } from './rotated-file.ts';

/** What a stored line is kept for; each kind has a bound of its own, so that none crowds out another. */
export type LineKind = 'own' | 'telemetry' | 'host' | 'unreadable' | 'state';

/** Bytes on disk of each kind; a daemon has a handful of state changes. */
const KEPT_BYTES: Readonly<Record<LineKind, number>> = {
  own: 16 * 1024 * 1024,
  telemetry: 64 * 1024 * 1024,
  host: 64 * 1024 * 1024,
  unreadable: 16 * 1024 * 1024,
  state: 16 * 1024 * 1024,
};
/** What may wait for a slow disk; beyond it lines are counted and not stored. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const BATCH_CHARACTERS = 64 * 1024;
/** How long a stored line may wait for others: a write for each would cost more than reading it. */
const WAIT_MS = 500;

/** The event stream on disk, bounded by kind. What is not stored was still counted. */
export class EventFile {
  readonly #file: WriteStream;
  readonly #bytes = new Map<LineKind, number>();
  #batch = '';
  #timer: NodeJS.Timeout | undefined;
  /** Lines that were counted and not stored. */
  notStored = 0;
  readonly #path: string;
  #begun: Begun | undefined;

  constructor(path: string, begun?: Begun) {
    this.#path = path;
    this.#begun = begun;
    this.#file = createWriteStream(path, { mode: 0o640 });
    // A full disk must not end the run unseen: the soak's own samples fail on the same disk.
    this.#file.on('error', () => {});
  }

  /** Stores the line, or counts it as not stored. */
  store(kind: LineKind, text: string): void {
    const bytes = (this.#bytes.get(kind) ?? 0) + text.length;
    const waits = this.#file.writableLength + this.#batch.length > MAX_WAITING_BYTES;
    if (this.#file.errored !== null || bytes > KEPT_BYTES[kind] || (waits && kind !== 'state')) {
      this.notStored += 1;
      return;
    }
    this.#bytes.set(kind, bytes);
    this.#batch += `${text}\n`;
    if (this.#batch.length > BATCH_CHARACTERS) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), WAIT_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batch === '') return;
    const [batch, begun] = [this.#batch, this.#begun];
    this.#file.write(batch, (error) => {
      if (error === null || error === undefined) begun?.(this.#path, batch);
    });
    this.#batch = '';
    this.#begun = undefined;
  }

  async end(): Promise<void> {
    this.#flush();
    this.#file.end();
    await finished(this.#file).catch(() => {});
  }
}
