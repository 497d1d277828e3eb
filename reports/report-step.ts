import type { Reporter } from 'vitest/node';
import { recordReportProblem } from '../helpers/evidence/report-problems.ts';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { onVerdictChanged, verdictChanged } from '../helpers/evidence/verdict-changed.ts';
import { oneLine } from './clean-text.ts';
import { type RunRecord, readRun } from './records.ts';

/**
 * Writes one report. One that cannot be written leaves the others alone, says why, and keeps the run
 * from being a pass: what nobody can read was not shown. The others are then written anew, to say so too.
 */
export function reportStep(path: string, name: string, write: () => void): void {
  const whyNot = (): string | undefined => {
    try {
      write();
      return undefined;
    } catch (error) {
      return oneLine(error instanceof Error ? error.message : String(error));
    }
  };
  const tell = (why: string) => {
    process.stderr.write(`aegisbpf-canary: ${name} could not be written: ${why}\n`);
    process.exitCode = 1;
    recordReportProblem(path, `${name}: ${why}`);
  };
  const why = whyNot();
  if (why === undefined) {
    onVerdictChanged(() => {
      const later = whyNot();
      if (later !== undefined) tell(later);
    });
  } else {
    tell(why);
    verdictChanged();
  }
}

/** A report that is written when vitest ends, of a run that really began. */
export abstract class RunReport implements Reporter {
  protected readonly path: string;
  /** Of the report, for a message that it could not be written. */
  protected abstract readonly title: string;

  constructor(options: { runDirectory: string }) {
    this.path = options.runDirectory;
  }

  onTestRunEnd(): void {
    const run = readRun(this.path);
    if (run === undefined) return;
    reportStep(this.path, this.title, () => this.write(run, new RunDirectory(this.path)));
  }

  protected abstract write(run: RunRecord, directory: RunDirectory): void;
}
