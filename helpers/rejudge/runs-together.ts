import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Document, isSeq } from 'yaml';
import { failureFolder } from '../evidence/failure-bundle.ts';
import { type CriterionRecord, RunDirectory, SEVERITY } from '../evidence/run-directory.ts';
import type { RunRecord } from '../evidence/run-record.ts';
import { runVerdict } from '../evidence/verdict.ts';
import { recordOfVitest, type VitestLine } from '../evidence/vitest-record.ts';
import { REVIEW_FILE, readReview, reviewText } from '../review/review-file.ts';
import { firstOf } from '../review/review-groups.ts';
import { CannotBegin } from '../settings/cannot-begin.ts';
import { PHASES } from '../settings/settings.ts';

/** A finished run that counts together with others. */
export interface Part {
  readonly path: string;
  readonly run: RunRecord;
}

const objectsOf = ({ run }: Part) =>
  (run.bpfObjects ?? [])
    .map(({ sha256 }) => sha256)
    .sort()
    .join(' ');

/** Pairs of paths that lead to one directory. */
function sameDirectory(parts: readonly Part[]): string[] {
  const [first, ...others] = parts;
  if (first === undefined) return [];
  const identity = (path: string) => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? path : `${stat.dev}:${stat.ino}`;
  };
  const again = others.filter(({ path }) => identity(path) === identity(first.path));
  return [
    ...again.map(({ path }) =>
      path === first.path ? `${path} is named twice` : `${path} and ${first.path} are the same run`,
    ),
    ...sameDirectory(others),
  ];
}

/** Knobs without which no two agents are started alike. */
const GIVEN = ['AGENT_OPTIONS', 'AGENT_ENVIRONMENT'] as const;

const givenBy = (knob: (typeof GIVEN)[number], { run }: Part) =>
  JSON.stringify(run.settings[knob] ?? []);

function problems(parts: readonly Part[]): string[] {
  const [first] = parts;
  if (first === undefined) return ['no run is named'];
  const others = parts.slice(1);
  const candidate = first.run.candidateSha256;
  const unlike = others.filter(
    ({ run }) => candidate === undefined || run.candidateSha256 !== candidate,
  );
  const objects = others.filter((part) => objectsOf(part) !== objectsOf(first));
  const twice = PHASES.filter(
    (phase) => parts.filter(({ run }) => run.asked.includes(phase)).length > 1,
  );
  return [
    ...unlike.map(
      ({ path, run }) =>
        `${path} judged the candidate ${run.candidateSha256 ?? 'unknown'}, ${first.path} the candidate ${candidate ?? 'unknown'}`,
    ),
    ...objects.map(({ path }) => `${path} had other BPF objects than ${first.path}`),
    ...GIVEN.flatMap((knob) =>
      others
        .filter((part) => givenBy(knob, part) !== givenBy(knob, first))
        .map(
          (part) =>
            `${part.path} started the agent with ${knob}=${givenBy(knob, part)}, ${first.path} with ${givenBy(knob, first)}`,
        ),
    ),
    ...twice.map((phase) => `the ${phase} phase is in more than one of them; name one run for it`),
  ];
}

/**
 * Only runs of different phases with the same candidate count together.
 * @throws CannotBegin naming everything that keeps these apart.
 */
export function refuseApart(parts: readonly Part[]): void {
  const twice = sameDirectory(parts);
  if (twice.length > 0)
    throw new CannotBegin(`${twice.join('; ')}; name each run of CANARY_RUN once`);
  const apart = problems(parts);
  if (apart.length > 0)
    throw new CannotBegin(`these runs do not count together: ${apart.join('; ')}`);
}

/**
 * Records of a phase come from the run that was asked for it, those of all runs from the worst; a failure
 * counts wherever it is.
 */
function recordOf(id: string, parts: readonly Part[]): CriterionRecord | undefined {
  const phase = PHASES.find((one) => id.startsWith(`${one}.`));
  const asked = ({ run }: Part) => phase === undefined || run.asked.includes(phase);
  const recorded = parts.flatMap((part) => {
    const record = new RunDirectory(part.path).criteria().get(id);
    if (record === undefined || (record.verdict !== 'fail' && !asked(part))) return [];
    return [{ path: part.path, record }];
  });
  const severity = (one: (typeof recorded)[number]) => SEVERITY[one.record.verdict];
  const [worst] = recorded.toSorted((a, b) => severity(b) - severity(a));
  if (worst === undefined) return undefined;
  const { record, path } = worst;
  // A part that never judged it leaves a gap, whatever the others say.
  if (record.verdict !== 'fail' && recorded.length < parts.filter(asked).length) return undefined;
  return phase !== undefined
    ? record
    : { ...record, explanation: `${basename(path)}: ${record.explanation}` };
}

/** What vitest declared and ran in a part beside its criteria counts in the whole. */
function copyVitestRecord(target: RunDirectory, { path, run }: Part): void {
  const { declared, tests, errors } = runVerdict(new RunDirectory(path), run);
  const lines: VitestLine[] = [
    ...declared,
    ...tests,
    ...errors.map((error) => ({ kind: 'error' as const, message: `${basename(path)}: ${error}` })),
  ];
  for (const line of lines) recordOfVitest(target.path, line);
}

/** The entries of all reviews, in the order of the runs, with their comments. */
function joinReviews(target: RunDirectory, parts: readonly Part[]): void {
  const joined = new Document({ groups: [] });
  const list = joined.get('groups');
  for (const { path } of parts) {
    const part = new RunDirectory(path);
    if (!part.has(REVIEW_FILE)) continue;
    const state = readReview(part);
    if (!state.ok) throw new CannotBegin(`${path}: ${state.reason}`);
    joined.commentBefore ??= state.document.commentBefore;
    const entries = state.document.get('groups');
    if (!isSeq(entries) || !isSeq(list)) continue;
    list.flow = false;
    for (const entry of entries.items) list.add(entry);
  }
  target.writeText(REVIEW_FILE, reviewText(joined));
}

function copyEvidence(target: RunDirectory, { path, run }: Part): void {
  for (const folder of run.asked.flatMap((phase) => [phase, failureFolder(phase)])) {
    if (existsSync(`${path}/${folder}`))
      cpSync(`${path}/${folder}`, target.file(folder), { recursive: true, errorOnExist: true });
  }
  const groups = `${path}/decision-groups.ndjson`;
  if (existsSync(groups)) target.appendText('decision-groups.ndjson', readFileSync(groups));
}

/** The one that judged them all; undefined where they differ, and each tells its own. */
function suiteOf(parts: readonly Part[]): RunRecord['suite'] {
  const [first, ...others] = parts.map(({ run }) => run.suite);
  return others.every((suite) => isDeepStrictEqual(suite, first)) ? first : undefined;
}

/**
 * Makes one run directory of runs of different phases with the same candidate, made at different
 * times: their records, their reviews and their evidence, to be judged together.
 * @param parts as `refuseApart` lets them pass. @throws CannotBegin for a review that cannot be read.
 */
export function putTogether(target: RunDirectory, parts: readonly Part[]): RunRecord {
  const last = parts.reduce((a, b) => (b.run.startedAt > a.run.startedAt ? b : a));
  const asked = PHASES.filter((phase) => parts.some(({ run }) => run.asked.includes(phase)));
  const run: RunRecord = {
    ...last.run,
    runDirectory: target.path,
    rehearsal: [...new Set(parts.flatMap((part) => part.run.rehearsal))],
    asked,
    startedAt: firstOf(parts.map((part) => part.run.startedAt)),
    // Each part judged its own, perhaps of another boot.
    newestKernelMessage: undefined,
    suite: suiteOf(parts),
    parts: parts.map(
      ({ path, run: { runId, asked: phases, startedAt, hostname, kernel, suite } }) => ({
        ...{ runDirectory: path, runId, asked: phases, startedAt, hostname, suite },
        kernel: kernel.value ?? 'unknown',
      }),
    ),
  };
  for (const part of parts) copyEvidence(target, part);
  joinReviews(target, parts);
  for (const part of parts) copyVitestRecord(target, part);
  const ids = parts.flatMap((part) => runVerdict(new RunDirectory(part.path), part.run).rows);
  for (const id of new Set(ids.map((row) => row.id))) {
    const record = recordOf(id, parts);
    if (record !== undefined) target.record(record);
  }
  target.log(`put together of ${parts.map(({ path }) => path).join(', ')}`);
  target.writeJson('run.json', run);
  return run;
}
