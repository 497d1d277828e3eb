import type { Reporter } from 'vitest/node';
import {
  onVerdictChanged,
  recordReportProblem,
  verdictChanged,
} from '../helpers/evidence/report-problems.ts';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { type RunRecord, readRunRecord } from '../helpers/evidence/run-record.ts';
import { oneLine } from './clean-text.ts';

/**
 * Writes one report. One that cannot be written leaves the others alone, says why, and keeps the run
 * from being a pass: what nobody can read was not shown. The others are then written anew, to say so too.
 */
export function reportStep(path: string, name: string, write: () => void): void {
  const written = (): boolean => {
    try {
      write();
      return true;
    } catch (error) {
      const why = oneLine(error instanceof Error ? error.message : String(error));
      process.stderr.write(`aegisbpf-canary: ${name} could not be written: ${why}\n`);
      process.exitCode = 1;
      recordReportProblem(path, `${name}: ${why}`);
      return false;
    }
  };
  if (written()) onVerdictChanged(written);
  else verdictChanged();
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
    const directory = new RunDirectory(this.path);
    const run = readRunRecord(directory);
    if (run !== undefined) reportStep(this.path, this.title, () => this.write(run, directory));
  }

  protected abstract write(run: RunRecord, directory: RunDirectory): void;
}
