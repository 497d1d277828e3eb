import type { Reporter } from 'vitest/node';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { readReview } from '../helpers/review/review-file.ts';
import { readRun } from './records.ts';
import { reportStep } from './report-step.ts';
import { reviewTable } from './review-table.ts';

/** Writes `review.csv`: the groups of decisions as a table. */
export default class ReviewTableReporter implements Reporter {
  readonly #path: string;

  constructor(options: { runDirectory: string }) {
    this.#path = options.runDirectory;
  }

  onTestRunEnd(): void {
    if (readRun(this.#path) === undefined) return;
    reportStep(this.#path, 'review.csv', () => {
      const directory = new RunDirectory(this.#path);
      const review = readReview(directory);
      // Without a review there is nothing to show; its criterion says why.
      if (review.ok) directory.writeText('review.csv', reviewTable(review.groups));
    });
  }
}
