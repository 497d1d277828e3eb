import type { Reporter } from 'vitest/node';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { CHARTS_FOLDER, charts } from './charts/charts.ts';
import { readRun } from './records.ts';
import { reportStep } from './report-step.ts';

/** Draws the soaks. Before the other documents in the list of reporters, for they refer to it. */
export default class ChartsReporter implements Reporter {
  readonly #path: string;

  constructor(options: { runDirectory: string }) {
    this.#path = options.runDirectory;
  }

  onTestRunEnd(): void {
    const run = readRun(this.#path);
    if (run === undefined) return;
    reportStep(this.#path, 'charts', () => {
      const directory = new RunDirectory(this.#path);
      for (const [name, svg] of charts(run, this.#path)) {
        directory.directory(CHARTS_FOLDER);
        directory.writeText(`${CHARTS_FOLDER}/${name}`, svg);
      }
    });
  }
}
