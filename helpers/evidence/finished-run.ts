import { sha256OfFile } from '../agent/candidate.ts';
import type { ProvidedRun } from '../canary-run.ts';
import { CannotBegin } from '../cannot-begin.ts';
import { forgetReportProblems } from './report-problems.ts';
import { RunDirectory } from './run-directory.ts';
import { type RunRecord, runRecord } from './run-record.ts';
import { alteredSinceSealed } from './seal.ts';

/** A new seal over altered evidence would make it look whole. */
async function asItWasSealed(path: string): Promise<void> {
  let altered: Awaited<ReturnType<typeof alteredSinceSealed>>;
  try {
    altered = await alteredSinceSealed(path);
  } catch (error) {
    throw new CannotBegin(
      `CANARY_RUN=${path}: its seal cannot be read: ${(error as Error).message}`,
    );
  }
  const [first] = altered;
  if (first === undefined) return;
  const more = altered.length > 1 ? `, and ${altered.length - 1} more` : '';
  throw new CannotBegin(
    `CANARY_RUN=${path} was altered since it was sealed: ${first.path} (${first.kind})${more}; only the review may be edited. Put the file back, or run again`,
  );
}

/**
 * The record of a finished run whose evidence is as it was sealed.
 * @throws CannotBegin when it is not there, is no run, or was altered.
 */
export async function finishedRun(path: string): Promise<RunRecord> {
  let run: RunRecord;
  try {
    run = runRecord.parse(JSON.parse(new RunDirectory(path).readText('run.json')));
  } catch (error) {
    throw new CannotBegin(
      `CANARY_RUN=${path} is not the directory of a finished run: ${(error as Error).message}`,
    );
  }
  await asItWasSealed(path);
  return run;
}

/**
 * A verdict belongs to one candidate: a binary that is named together with the run must be it.
 * @param candidate the path in AEGIS_BIN; undefined when the operator named none.
 */
export async function sameCandidate(run: RunRecord, candidate: string | undefined): Promise<void> {
  if (candidate === undefined) return;
  let sha256: string;
  try {
    sha256 = await sha256OfFile(candidate);
  } catch (error) {
    throw new CannotBegin(`AEGIS_BIN=${candidate} cannot be read: ${(error as Error).message}`);
  }
  if (sha256 === run.candidateSha256) return;
  throw new CannotBegin(
    `CANARY_RUN judged the candidate with SHA-256 ${run.candidateSha256 ?? 'unknown'}, and AEGIS_BIN=${candidate} has ${sha256}: a review counts for the candidate it was made of alone; leave AEGIS_BIN unset, or run the canary on the new one`,
  );
}

/** What the specs are told of a finished run: no root, no host, no new soak. */
export function judgedAgain(run: RunRecord, path: string): ProvidedRun {
  forgetReportProblems(path);
  return { ...run, candidateSha256: run.candidateSha256, runDirectory: path, rejudge: true };
}
