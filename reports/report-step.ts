import { recordReportProblem } from '../helpers/evidence/report-problems.ts';
import { oneLine } from './clean-text.ts';

/**
 * Writes one report. One that cannot be written leaves the others alone, says why, and keeps the run
 * from being a pass: what nobody can read was not shown.
 */
export function reportStep(path: string, name: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const why = oneLine(error instanceof Error ? error.message : String(error));
    process.stderr.write(`aegisbpf-canary: ${name} could not be written: ${why}\n`);
    process.exitCode = 1;
    recordReportProblem(path, `${name}: ${why}`);
  }
}
