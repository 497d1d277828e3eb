import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { OUTSIDE, recordReportProblem } from '../helpers/evidence/report-problems.ts';
import { oneLine } from './clean-text.ts';
import { outsideErrors, readRun } from './records.ts';

/** What only vitest knows of, kept before the reports are written: such a run is no pass in any of them. */
export default class OutsideErrorsReporter implements Reporter {
  readonly #path: string;

  constructor(options: { runDirectory: string }) {
    this.#path = options.runDirectory;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    if (readRun(this.#path) === undefined) return;
    for (const error of outsideErrors(modules, errors))
      recordReportProblem(this.#path, `${OUTSIDE}${oneLine(error)}`);
  }
}
