import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { OUTSIDE, reportProblems } from '../helpers/evidence/report-problems.ts';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { attachedFiles } from './junit-attachments.ts';
import { junitXml } from './junit-xml.ts';
import { judgedTests, outsideErrors, type RunRecord, readRun, reportTitle } from './records.ts';
import { reportStep } from './report-step.ts';
import { runbookRows, unjudgedBySection } from './runbook-rows.ts';

/** What the verdicts are about, for whoever finds the file without the directory around it. */
function runProperties(run: RunRecord): Record<string, string> {
  return {
    candidate: run.candidatePath,
    candidateSha256: run.candidateSha256 ?? 'unknown',
    candidateVersion: run.candidateVersion ?? 'unknown',
    ...Object.fromEntries(
      (run.bpfObjects ?? []).map(({ path, sha256 }) => [`bpfObjectSha256 ${path}`, sha256]),
    ),
    hostname: run.hostname,
    kernel: run.kernel.value ?? 'unknown',
    rehearsal: run.rehearsal.join('; ') || 'no',
    ...Object.fromEntries(
      Object.entries(run.settings).map(([name, value]) => [name, String(value)]),
    ),
  };
}

/**
 * Writes `junit.xml` from the run's records, so that a run which is judged again keeps the verdicts
 * of the criteria that were not.
 */
export default class JunitReporter implements Reporter {
  readonly #path: string;

  constructor(options: { runDirectory: string }) {
    this.#path = options.runDirectory;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const run = readRun(this.#path);
    if (run === undefined) return;
    reportStep(this.#path, 'junit.xml', () => this.#write(run, modules, errors));
  }

  #write(run: RunRecord, modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const directory = new RunDirectory(this.#path);
    const unjudged = unjudgedBySection(judgedTests(modules));
    directory.writeText(
      'junit.xml',
      junitXml({
        title: reportTitle(run),
        rehearsal: run.rehearsal.length > 0,
        timestamp: run.startedAt,
        hostname: run.hostname,
        properties: runProperties(run),
        attachments: (id) => attachedFiles(this.#path, id),
        rows: runbookRows(directory.criteria(), run.asked, unjudged),
        outside: [
          ...outsideErrors(modules, errors),
          ...reportProblems(directory)
            .filter((problem) => !problem.startsWith(OUTSIDE))
            .map((problem) => `a report could not be written: ${problem}`),
        ],
      }),
    );
  }
}
