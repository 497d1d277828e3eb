import type { KeyObject } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import {
  PAYLOAD_TYPE,
  type SealedHashes,
  type Statement,
  sealedHashes,
  testResult,
} from './attestation.ts';
import { envelope, envelopeText, keyId, wrap } from './dsse.ts';
import { FILES_FILE, OF_THE_REVIEW } from './kept-files.ts';
import {
  ATTESTATION_FILE,
  type Difference,
  differencesFrom,
  MANIFEST_FILE,
  manifest,
  takeManifest,
} from './manifest.ts';
import { recordReportProblem, verdictChanged } from './report-problems.ts';
import { RunDirectory } from './run-directory.ts';
import { SUMMARY_FILE, type Summary, summarise, summary } from './summary.ts';
import { exitCodeOf } from './verdict.ts';

/** Seals that a later judgement replaced, oldest first: `seals/1`, `seals/2`, … */
const FORMER_SEALS = 'seals';

/** What a person may change in a sealed run before it is judged again: their own review. */
const isReview = ({ path, kind }: Difference) =>
  OF_THE_REVIEW.test(path) && kind !== 'not a regular file';

export interface Seal {
  readonly files: number;
  /** Names the key that signed; undefined when nobody did. */
  readonly signedBy: string | undefined;
  /** Of the verdict that was sealed. */
  readonly exitCode: ReturnType<typeof exitCodeOf>;
}

/** A seal is never replaced without a trace: what it said stays in the evidence. */
function keepFormerSeal(run: RunDirectory): void {
  if (!run.has(MANIFEST_FILE)) return;
  run.directory(FORMER_SEALS);
  const number = readdirSync(run.file(FORMER_SEALS)).length + 1;
  const folder = run.directory(`${FORMER_SEALS}/${number}`);
  for (const name of [MANIFEST_FILE, ATTESTATION_FILE]) {
    // Copied, and replaced at the end: a crash in between leaves a seal that no longer fits, not none.
    if (run.has(name)) copyFileSync(run.file(name), `${folder}/${name}`);
  }
}

/** What a summary says, whenever it was made. */
const contentOf = (one: Summary) => JSON.stringify({ ...summary.parse(one), judgedAt: '' });

function summaryNow(run: RunDirectory): Summary {
  const made = summarise(run.path);
  if (made === undefined) throw new Error(`there is no run.json in ${run.path}`);
  return made;
}

/**
 * The summary as the reporters left it, if it is what the records say; else one that says that the
 * reports are not of this run's end, and is no pass. They were switched off, or something was
 * recorded after them.
 */
function writtenSummary(run: RunDirectory): Summary {
  const written = run.has(SUMMARY_FILE)
    ? summary.safeParse(JSON.parse(run.readText(SUMMARY_FILE))).data
    : undefined;
  if (written !== undefined && contentOf(written) === contentOf(summaryNow(run))) return written;
  recordReportProblem(
    run.path,
    `${SUMMARY_FILE} was not written by the run's reporters when it ended; do not replace them (--reporter)`,
  );
  verdictChanged();
  const made = summaryNow(run);
  run.writeJson(SUMMARY_FILE, made);
  return made;
}

/**
 * Writes `manifest.json` and `attestation.dsse.json`.
 * @param said what is attested, by the hashes of the files that it names. @returns how many files are sealed.
 */
export async function writeSeal(
  run: RunDirectory,
  said: (hashes: SealedHashes) => Statement,
  key: KeyObject | undefined,
): Promise<number> {
  const sealed = await takeManifest(run.path, new Date().toISOString());
  const text = `${JSON.stringify(sealed, null, 2)}\n`;
  const statement = said(sealedHashes(text, sealed));
  const wrapped = wrap(PAYLOAD_TYPE, Buffer.from(JSON.stringify(statement)), key);
  run.writeText(MANIFEST_FILE, text);
  run.writeText(ATTESTATION_FILE, envelopeText(wrapped));
  return sealed.files.length;
}

/**
 * Seals a finished run: `manifest.json` with the hash of every file, and an in-toto attestation over
 * it. The last thing that is written; whatever changes a file afterwards is found by `verify`.
 * @throws Error when the directory cannot be read or written, or is not a run's.
 */
export async function sealRun(path: string, key: KeyObject | undefined): Promise<Seal> {
  const run = new RunDirectory(path);
  const ending = writtenSummary(run);
  keepFormerSeal(run);
  // From here on the manifest holds what each file is.
  rmSync(run.file(FILES_FILE), { force: true });
  const files = await writeSeal(run, (hashes) => testResult(ending, hashes), key);
  return {
    files,
    signedBy: key === undefined ? undefined : keyId(key),
    exitCode: exitCodeOf(ending.status),
  };
}

/** Names of the keys that a run's seal says it is signed with; empty for an unsigned or unsealed one. */
export function signersOf(path: string): readonly string[] {
  const run = new RunDirectory(path);
  if (!run.has(ATTESTATION_FILE)) return [];
  return run.readJson(ATTESTATION_FILE, envelope).signatures.map(({ keyid }) => keyid);
}

/**
 * What was changed in a run since it was sealed, apart from the review that a person writes. Judging
 * a run again would hide such a change under a new seal, so it is looked at before.
 */
export async function alteredSinceSealed(path: string): Promise<readonly Difference[]> {
  const run = new RunDirectory(path);
  if (!existsSync(run.file(MANIFEST_FILE))) return [];
  const differences = await differencesFrom(run.readJson(MANIFEST_FILE, manifest), path);
  return differences.filter((difference) => !isReview(difference));
}
