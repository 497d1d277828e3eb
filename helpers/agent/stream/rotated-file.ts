import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

/** Told once, by its path, how a file begins, when that is on disk. */
export type Begun = (path: string, beginning: string) => void;

/**
 * A log file bounded on disk. The first part, `NAME`, is never touched again; then come `NAME.2`, the
 * latest, and `NAME.1`, the one before it: at most three parts, whatever is written. Writes are
 * synchronous: a log is small, and the end of a daemon must not lose its last words.
 */
export class RotatedFile {
  readonly #path: string;
  readonly #partBytes: number;
  #descriptor: number | undefined;
  #bytes = 0;
  #rotations = 0;
  #begun: Begun | undefined;

  constructor(path: string, partBytes: number, begun?: Begun) {
    this.#path = path;
    this.#begun = begun;
    this.#partBytes = partBytes;
    this.#descriptor = openSync(path, 'w', 0o640);
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#partBytes) this.#rotate();
    if (this.#descriptor === undefined) return;
    try {
      const written = writeSync(this.#descriptor, bytes);
      this.#bytes += bytes.length;
      if (written === bytes.length) this.#begun?.(this.#path, text);
      this.#begun = undefined;
    } catch {
      // A full disk ends the soak by its own samples; the agent must not wait for its reader.
    }
  }

  end(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #rotate(): void {
    this.end();
    const latest = `${this.#path}.2`;
    if (this.#rotations > 0) renameSync(latest, `${this.#path}.1`);
    this.#rotations += 1;
    this.#descriptor = openSync(latest, 'w', 0o640);
    this.#bytes = 0;
  }
}
