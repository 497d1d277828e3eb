import type { Reporter } from 'vitest/node';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { runVerdict } from '../helpers/evidence/verdict.ts';
import { attachedFiles } from './junit-attachments.ts';
import { type JunitReport, junitXml } from './junit-xml.ts';
import { type RunRecord, readRun, reportTitle } from './records.ts';
import { reportStep } from './report-step.ts';

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

  onTestRunEnd(): void {
    const run = readRun(this.#path);
    if (run === undefined) return;
    reportStep(this.#path, 'junit.xml', () => {
      const directory = new RunDirectory(this.#path);
      directory.writeText('junit.xml', junitXml(junitReport(run, directory)));
    });
  }
}

/** What `junit.xml` is made of, as the run's directory stands now. */
export function junitReport(run: RunRecord, directory: RunDirectory): JunitReport {
  const verdict = runVerdict(directory, run);
  return {
    title: reportTitle(run),
    rehearsal: run.rehearsal.length > 0,
    timestamp: run.startedAt,
    hostname: run.hostname,
    properties: runProperties(run),
    attachments: (id) => attachedFiles(directory.path, id),
    rows: verdict.rows,
    tests: verdict.tests,
    outside: [
      ...verdict.errors,
      ...verdict.unwritten.map((problem) => `a report could not be written: ${problem}`),
    ],
  };
}
