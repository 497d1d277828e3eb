import { existsSync } from 'node:fs';
import { entryOf } from '../criteria/catalogue.ts';
import { inconclusive } from '../criteria/judgement.ts';
import { inScope } from '../criteria/scope.ts';
import { forgetReportProblems } from '../evidence/report-problems.ts';
import { RunDirectory } from '../evidence/run-directory.ts';
import { type RunRecord, runRecord } from '../evidence/run-record.ts';
import { alteredSinceSealed, signersOf } from '../evidence/seal.ts';
import { forgetFormerJudging } from '../evidence/vitest-record.ts';
import { sha256OfFile } from '../files/sha256.ts';
import { strangersOwn } from '../files/trusted-path.ts';
import { CannotBegin } from '../settings/cannot-begin.ts';
import type { ProvidedRun } from '../steps/canary-run.ts';
import { backInPlace } from './in-place.ts';

/** What an action gives. @throws CannotBegin with the reason behind `cannot`. */
async function orCannotBegin<T>(cannot: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new CannotBegin(`${cannot}: ${(error as Error).message}`);
  }
}

/** A new seal over altered evidence would make it look whole. */
async function asItWasSealed(path: string): Promise<void> {
  const [first, ...others] = await orCannotBegin(
    `CANARY_RUN=${path}: its seal cannot be read`,
    () => alteredSinceSealed(path),
  );
  if (first === undefined) return;
  const more = others.length > 0 ? `, and ${others.length} more` : '';
  throw new CannotBegin(
    `CANARY_RUN=${path} was altered since it was sealed: ${first.path} (${first.kind})${more}; only the review may be edited. Put the file back, or run again`,
  );
}

/**
 * The record of a finished run whose evidence is as it was sealed.
 * @throws CannotBegin when it is not there, is no run, or was altered.
 */
export async function finishedRun(path: string): Promise<RunRecord> {
  backInPlace(path);
  const stranger = process.geteuid?.() === 0 && existsSync(path) ? strangersOwn(path) : undefined;
  // Its owner could put links where root writes the new verdicts.
  if (stranger !== undefined)
    throw new CannotBegin(
      `CANARY_RUN=${path}: ${stranger}, and root would write into it; judging again needs no root, or copy the run first`,
    );
  const run = await orCannotBegin(`CANARY_RUN=${path} is not the directory of a finished run`, () =>
    new RunDirectory(path).readJson('run.json', runRecord),
  );
  await asItWasSealed(path);
  return run;
}

/**
 * A signature is never dropped in silence.
 * @param unsigned true when the operator asked for it by name.
 * @throws CannotBegin when a signed run would be sealed anew by nobody.
 */
export function keepSignature(path: string, signs: boolean, unsigned: boolean): void {
  const signers = signersOf(path);
  if (signers.length === 0 || signs || unsigned) return;
  throw new CannotBegin(
    `CANARY_RUN=${path} is signed by key ${signers.join(', ')}, and judging it again would leave it unsigned; set SIGNING_KEY to sign it again, or ALLOW_UNSIGNED=1 to go without. Nothing was changed`,
  );
}

/**
 * A verdict belongs to one candidate: a binary that is named together with the run must be it.
 * @param candidate the path in AEGIS_BIN; undefined when the operator named none.
 */
export async function sameCandidate(run: RunRecord, candidate: string | undefined): Promise<void> {
  if (candidate === undefined) return;
  const sha256 = await orCannotBegin(`AEGIS_BIN=${candidate} cannot be read`, () =>
    sha256OfFile(candidate),
  );
  if (sha256 === run.candidateSha256) return;
  throw new CannotBegin(
    `CANARY_RUN judged the candidate with SHA-256 ${run.candidateSha256 ?? 'unknown'}, and AEGIS_BIN=${candidate} has ${sha256}: a review counts for the candidate it was made of alone; leave AEGIS_BIN unset, or run the canary on the new one`,
  );
}

/** Takes the former exit verdicts back: one that is left out this time (`-t`) is no verdict on today's review. */
function takeBackVerdicts(directory: RunDirectory, asked: RunRecord['asked']): void {
  for (const { id, section, title } of directory.criteria().values()) {
    const entry = entryOf(id);
    // What a finished run cannot look at any more keeps its verdict.
    if (entry?.section !== 'exit' || entry.ofHost === true || !inScope(id, asked)) continue;
    directory.record({
      ...{ id, section, title, at: new Date().toISOString(), durationMs: 0 },
      ...inconclusive('not judged again; run `npx vitest run canary/5-exit-criteria` whole'),
      takenBack: true,
    });
  }
}

/** What the specs are told of a finished run: no root, no host, no new soak. */
export function judgedAgain(run: RunRecord, path: string): ProvidedRun {
  const directory = new RunDirectory(path);
  takeBackVerdicts(directory, run.asked);
  forgetReportProblems(path);
  forgetFormerJudging(directory);
  return { ...run, candidateSha256: run.candidateSha256, runDirectory: path, rejudge: true };
}
