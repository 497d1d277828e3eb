import { z } from 'zod';
import { bpfObjects, objectChanges } from '../agent/bpf-objects.ts';
import { type CriterionId, entryOf, SECTIONS } from '../criteria/catalogue.ts';
import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  NotApplicable,
  pass,
} from '../criteria/judgement.ts';
import { inScope } from '../criteria/scope.ts';
import { readRunRecord } from '../evidence/run-record.ts';
import { criteriaOf } from '../evidence/verdict.ts';
import { isFile } from '../files/regular-file.ts';
import { sha256OfFile } from '../files/sha256.ts';
import { judgeReview } from '../review/judge-review.ts';
import { REVIEW_FILE } from '../review/review-file.ts';
import type { Settings } from '../settings/settings.ts';
import type { CanaryRun } from './canary-run.ts';
import { loadedObject } from './loaded-object.ts';

/** All that the sums are told of a run. */
interface JudgedRun {
  readonly directory: CanaryRun['directory'];
  readonly provided: Pick<CanaryRun['provided'], 'asked'>;
}

/** All that the candidate is compared with. */
interface CandidatesRun extends Pick<CanaryRun, 'directory' | 'settings'> {
  readonly provided: Pick<
    CanaryRun['provided'],
    'candidatePath' | 'candidateSha256' | 'rehearsal' | 'rejudge'
  >;
}

/** Judges ids from the run directory's records alone, so that a finished run can be judged again. */
function judgeRecords(run: JudgedRun, what: string, ids: readonly string[]): Judgement {
  const records = run.directory.criteria();
  const source = run.directory.finalPath('criteria.ndjson');
  const missing = ids.filter((id) => !records.has(id));
  const judged = ids.flatMap((id) => records.get(id) ?? []);
  const failed = judged.filter(({ verdict }) => verdict === 'fail');
  const titles = (list: readonly { title: string }[]) =>
    list.map(({ title }) => `"${title}"`).join(', ');
  const passed = judged.filter(({ verdict }) => verdict === 'pass').length;
  const measured = { value: passed, limit: ids.length, unit: 'criteria passed', source };
  if (failed.length > 0)
    return fail(
      `${what}: ${failed.length} of ${ids.length} criteria failed: ${titles(failed)}`,
      measured,
    );
  if (missing.length > 0)
    return inconclusive(`${what}: ${missing.join(', ')} were not judged in this run`, measured);
  const without = judged.filter(({ notApplicable }) => notApplicable === true);
  const open = judged.filter((one) => one.verdict !== 'pass' && !without.includes(one));
  if (open.length > 0 || passed === 0)
    return inconclusive(
      `${what}: ${open.length} of ${ids.length} criteria are not a pass: ${titles(open)}`,
      measured,
    );
  if (without.length === 0) return pass(`${what}: all ${ids.length} criteria passed`, measured);
  return pass(
    `${what}: ${passed} criteria passed, ${without.length} were not asked for, have no subject here or are too noisy to judge here: ${titles(without)}`,
    { ...measured, limit: passed },
  );
}

/** The criteria that an exit criterion sums up, of the phases that the run is asked for. */
const summedUp = ({ directory, provided }: JudgedRun, id: CriterionId): string[] =>
  (entryOf(id).sums ?? [])
    .flatMap((section) => criteriaOf(directory, section))
    .filter((one) => inScope(one, provided.asked));

/** An exit criterion that sums up whole sections. */
export function sectionsPassed(run: JudgedRun, id: CriterionId): Judgement {
  const what = entryOf(id).sums?.map((section) => SECTIONS[section].title) ?? [];
  return judgeRecords(run, what.join(' and '), summedUp(run, id));
}

/** What was measured of both versions, and what the coverage phase found of their routes. */
export function noWorseThanPrevious(run: JudgedRun): Judgement {
  const routes = ['coverage.previous'].filter((id) => inScope(id, run.provided.asked));
  const ids = [...summedUp(run, 'exit.previous'), ...routes];
  return judgeRecords(run, SECTIONS.previous.title, ids);
}

/** Each piece of work in each mode. */
const COST_PIECE = /^cost\.(audit|enforce)\./;

/**
 * Where no piece of work could be told on this host, that is no pass of what the agent costs: missing evidence where a run asked
 * for nothing else. @throws NotApplicable beside other phases.
 */
export function costWithinLimits(run: JudgedRun): Judgement {
  const judgement = sectionsPassed(run, 'exit.cost');
  const records = run.directory.criteria();
  const pieces = summedUp(run, 'exit.cost').filter((id) => COST_PIECE.test(id));
  if (judgement.verdict !== 'pass' || pieces.some((id) => records.get(id)?.verdict === 'pass'))
    return judgement;
  const untold =
    'this host is too noisy to judge what the agent costs; each piece of work says how many blocks would be enough';
  if (run.provided.asked.length > 1) throw new NotApplicable(untold);
  const source = run.directory.finalPath('criteria.ndjson');
  return inconclusive(untold, { value: 0, limit: 1, unit: 'pieces told', source });
}

const soakedSignal = z.object({ enforceSignal: z.enum(['term', 'int', 'kill', 'none']) });

/** By the evidence, not by today's knobs: a finished run may be judged in another shell. */
function soakedWith({ directory }: CanaryRun): Settings['ENFORCE_SIGNAL'] | undefined {
  try {
    return directory.readJson('enforce/soak.json', soakedSignal).enforceSignal;
  } catch {
    return undefined;
  }
}

/** A SIGKILL run is exceptional containment testing and never the standard enforce pass. */
export function enforcePassed(run: CanaryRun): Judgement {
  const judgement = sectionsPassed(run, 'exit.enforce');
  if (judgement.verdict !== 'pass') return judgement;
  const signal = soakedWith(run);
  if (signal === undefined)
    return inconclusive(
      'what enforce sent cannot be read, so it cannot be distinguished from exceptional containment testing; run the enforce phase again',
      { source: run.directory.finalPath('enforce/soak.json') },
    );
  if (signal !== 'kill') return judgement;
  return inconclusive(
    'ENFORCE_SIGNAL=kill is exceptional containment testing and does not count as the standard enforce pass; run ENFORCE_SIGNAL=term for it',
    { value: 'kill', limit: 'term', source: 'ENFORCE_SIGNAL' },
  );
}

export function thresholdsKept(run: CanaryRun): Judgement {
  const ids = summedUp(run, 'exit.thresholds').filter(
    (id) => entryOf(id)?.threshold?.limit === 'highest',
  );
  return judgeRecords(run, 'limits of the soak', ids);
}

export async function noCriticalFalsePositive(run: CanaryRun): Promise<Judgement> {
  const judgement = await judgeReview(run.directory);
  if (run.directory.has(REVIEW_FILE)) return judgement;
  // A phase that did not come so far wrote no notes: that is told where it ended.
  const records = run.directory.criteria();
  const unwritten = run.provided.asked
    .map((phase) => records.get(`${phase}.review-notes`))
    .find((record) => record !== undefined && record.verdict !== 'pass');
  return unwritten === undefined ? judgement : { ...judgement, follows: unwritten.id };
}

/** The binary is the one that was judged from the first to the last step. */
export async function candidateIsTheSame(run: CandidatesRun): Promise<Judgement> {
  const began = run.provided.candidateSha256;
  const source = `SHA-256 of ${run.provided.candidatePath}`;
  if (began === undefined)
    return inconclusive('there was no candidate binary to take the hash of', { source });
  if (run.provided.rejudge) return asRecorded(run, 'exit.same-candidate');
  if (!isFile(run.provided.candidatePath))
    return inconclusive(
      `${run.provided.candidatePath} is gone, so it cannot be shown to be the binary that was judged`,
      { source },
    );
  const now = await sha256OfFile(run.provided.candidatePath);
  const measured = { value: now, limit: began, source };
  if (now !== began)
    return fail(
      `the candidate was replaced during the run: its SHA-256 was ${began} and is ${now}; so this verdict proves nothing about either; run again`,
      measured,
    );
  // Whoever reads a report compares no hashes: these stand in its words and in run.json.
  return objectsAreTheSame(run, now, { value: 'unchanged', limit: 'unchanged', source });
}

/** The BPF object is half of the candidate: what the kernel runs. */
async function objectsAreTheSame(
  run: CandidatesRun,
  sha256: string,
  measured: Measurement,
): Promise<Judgement> {
  const before = readRunRecord(run.directory)?.bpfObjects;
  if (before === undefined)
    return inconclusive('run.json names no BPF objects to compare with', measured);
  const changes = objectChanges(before, await bpfObjects(run.settings));
  if (changes.length > 0)
    return fail(
      `a BPF object was replaced during the run: ${changes.join('; ')}; so this verdict proves nothing about either; run again`,
      { value: changes.length, limit: 0, unit: 'objects changed', source: 'SHA-256' },
    );
  const loaded = loadedObject(run.directory, run.settings, run.provided.rehearsal.length > 0);
  if (loaded !== undefined && !before.some(({ path }) => path === loaded))
    return inconclusive(
      `the agent loads ${loaded}, whose hash was not taken when the run began; name it with AEGIS_BPF_OBJ and run again`,
      { value: loaded, source: 'bpf_object_path of `aegisbpf health --json`' },
    );
  if (before.length === 0 && run.provided.rehearsal.length === 0)
    return inconclusive(
      'no BPF object was found beside the binary or where one is installed, so what the kernel ran has no hash; name it with AEGIS_BPF_OBJ and run again',
      { value: 0, limit: 1, unit: 'BPF objects', source: 'run.json' },
    );
  const objects = before.map(({ path, sha256 }) => `, ${path} ${sha256}`).join('');
  return pass(`SHA-256 ${sha256}${objects} from start to end`, measured);
}

const AS_JUDGED = /^as judged at \S+: /;

/** What a finished run found, when it is judged again and cannot be looked at any more. */
export function asRecorded({ directory }: Pick<CanaryRun, 'directory'>, id: string): Judgement {
  const known = directory.criteria().get(id);
  if (known === undefined || known.verdict === 'skipped')
    return inconclusive(`the run ended before "${id}" was judged`);
  const { verdict, explanation, value, limit, unit, source } = known;
  const figures = Object.entries({ value, limit, unit, source }).filter(
    ([, figure]) => figure !== undefined,
  );
  // Judged again and again, it keeps the time at which it was really looked at.
  const text = AS_JUDGED.test(explanation)
    ? explanation
    : `as judged at ${known.at}: ${explanation}`;
  return { verdict, explanation: text, ...Object.fromEntries(figures) };
}
