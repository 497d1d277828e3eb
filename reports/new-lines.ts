import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Far more than one line: a sample is some 250 bytes, a block of the cost phase 2 KiB. */
const CHUNK_BYTES = 256 * 1024;

/** Follows a growing file of lines by reading only what is new. */
export class NewLines {
  readonly #path: string;
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Whole lines since the last call. */
  next(): readonly string[] {
    const lines = (this.#rest + this.#added()).split('\n');
    // The last line is being written, or is empty.
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > CHUNK_BYTES) this.#rest = '';
    return lines;
  }

  #added(): string {
    let descriptor: number;
    try {
      descriptor = openSync(this.#path, 'r');
    } catch {
      // Nothing was written yet.
      return '';
    }
    try {
      const most = Math.min(fstatSync(descriptor).size - this.#offset, CHUNK_BYTES);
      if (most <= 0) return '';
      const buffer = Buffer.alloc(most);
      const read = readSync(descriptor, buffer, 0, most, this.#offset);
      this.#offset += read;
      // Lines are ASCII but for an error's text, and a spoilt character there does no harm here.
      return buffer.toString('utf8', 0, read);
    } finally {
      closeSync(descriptor);
    }
  }
}
