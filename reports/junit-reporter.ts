import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  type CriterionRecord,
  placeOf,
  type RunDirectory,
} from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { runVerdict } from '../helpers/evidence/verdict.ts';
import { evidenceFiles } from './allure-attachments.ts';
import { type JunitReport, junitXml } from './junit-xml.ts';
import { reportTitle } from './records.ts';
import { RunReport } from './report-step.ts';

/**
 * GitLab resolves an attachment below the project, Jenkins takes an absolute path in the workspace:
 * a path below the working directory is written relative to it.
 */
function forCi(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : below;
}

/** The evidence files of a criterion that are there, as CI systems find them. */
function attachedFiles(runDirectory: string, record: CriterionRecord): string[] {
  return evidenceFiles(record, runDirectory)
    .map((name) => join(runDirectory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .map((path) => join(placeOf(runDirectory), relative(runDirectory, path)))
    .map(forCi);
}

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
export default class JunitReporter extends RunReport {
  protected override readonly title = 'junit.xml';

  protected override write(run: RunRecord, directory: RunDirectory): void {
    directory.writeText('junit.xml', junitXml(junitReport(run, directory)));
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
    attachments: (record) => attachedFiles(directory.path, record),
    rows: verdict.rows,
    tests: verdict.tests,
    outside: [
      ...verdict.errors,
      ...verdict.unwritten.map((problem) => `a report could not be written: ${problem}`),
    ],
  };
}
