import { type Sample, sampleOf } from '../helpers/soak/sample.ts';
import { NewLines } from './new-lines.ts';

/** The ends of a soak's samples: all that a live line needs. */
export interface SoakProgress {
  readonly first: Sample;
  readonly previous: Sample;
  readonly latest: Sample;
}

/** Follows a growing `samples.ndjson`. */
export class SampleTail {
  readonly #lines: NewLines;
  #progress: SoakProgress | undefined;

  constructor(path: string) {
    this.#lines = new NewLines(path);
  }

  /** The progress since the last call; undefined when there is no new whole sample. */
  next(): SoakProgress | undefined {
    const fresh = this.#lines
      .next()
      .map(sampleOf)
      .filter((one) => one !== undefined);
    for (const latest of fresh) {
      this.#progress = {
        first: this.#progress?.first ?? latest,
        previous: this.#progress?.latest ?? latest,
        latest,
      };
    }
    return fresh.length > 0 ? this.#progress : undefined;
  }
}
