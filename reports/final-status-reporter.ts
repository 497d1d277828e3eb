import { styleText } from 'node:util';
import type { Vitest } from 'vitest/node';
import type { RunDirectory } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { SUMMARY_FILE, summaryOf } from '../helpers/evidence/summary.ts';
import { runVerdict } from '../helpers/evidence/verdict.ts';
import { RunReport } from './report-step.ts';
import { type Paint, statusScreen } from './status-screen.ts';

const COLOURS = { pass: 'green', fail: 'red', inconclusive: 'yellow' } as const;

/** Colours where the terminal and NO_COLOR or FORCE_COLOR want them. The saved file has none. */
const inColour: Paint = (verdict, text) => styleText(['bold', COLOURS[verdict]], text);

/** One screen at the end: can I ship? And an exit code that is 0 only for a full pass. */
export default class FinalStatusReporter extends RunReport {
  protected override readonly title = 'the final status';
  #ended = false;

  onInit(vitest: Vitest): void {
    // A run that is cut short before its verdict must not end as a success.
    vitest.onClose(() => {
      if (!this.#ended) process.exitCode ||= 2;
    });
  }

  protected override write(run: RunRecord, directory: RunDirectory): void {
    this.#ended = true;
    const verdict = runVerdict(directory, run);
    const screen = (paint?: Paint) => statusScreen(verdict, run, directory.finalPath(), paint);
    // The terminal first: it is there when the disk is full.
    process.stdout.write(`\n${screen(inColour)}`);
    if (!verdict.green) process.exitCode = 1;
    directory.writeText('final-status.txt', screen());
    directory.writeJson(SUMMARY_FILE, summaryOf(run, directory));
  }
}
