import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Sample, sampleOf } from '../helpers/soak/sample.ts';

/** Far more than one sample, which is some 250 bytes. */
const CHUNK_BYTES = 256 * 1024;

/** The ends of a soak's samples: all that a live line needs. */
export interface SoakProgress {
  readonly first: Sample;
  readonly previous: Sample;
  readonly latest: Sample;
}

/** Follows a growing `samples.ndjson` by reading only what is new. */
export class SampleTail {
  readonly #path: string;
  #offset = 0;
  #rest = '';
  #progress: SoakProgress | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The progress since the last call; undefined when there is no new whole sample. */
  next(): SoakProgress | undefined {
    const lines = (this.#rest + this.#added()).split('\n');
    // The last line is being written, or is empty.
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > CHUNK_BYTES) this.#rest = '';
    const fresh = lines.map(sampleOf).filter((one) => one !== undefined);
    for (const latest of fresh) {
      this.#progress = {
        first: this.#progress?.first ?? latest,
        previous: this.#progress?.latest ?? latest,
        latest,
      };
    }
    return fresh.length > 0 ? this.#progress : undefined;
  }

  #added(): string {
    let descriptor: number;
    try {
      descriptor = openSync(this.#path, 'r');
    } catch {
      // The soak has not begun.
      return '';
    }
    try {
      const most = Math.min(fstatSync(descriptor).size - this.#offset, CHUNK_BYTES);
      if (most <= 0) return '';
      const buffer = Buffer.alloc(most);
      const read = readSync(descriptor, buffer, 0, most, this.#offset);
      this.#offset += read;
      // Samples are ASCII but for an error's text, and a spoilt character there does no harm here.
      return buffer.toString('utf8', 0, read);
    } finally {
      closeSync(descriptor);
    }
  }
}
