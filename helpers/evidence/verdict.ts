import {
  criteriaIn,
  entryOf,
  SECTIONS,
  type Section,
  sectionNameOf,
} from '../criteria/catalogue.ts';
import { inScope, requiredCriteria } from '../criteria/scope.ts';
import type { Phase } from '../settings/settings.ts';
import { counted } from '../text/counted.ts';
import { reportProblems } from './report-problems.ts';
import type { CriterionRecord, RunDirectory } from './run-directory.ts';
import type { RunRecord } from './run-record.ts';
import {
  type DeclaredCriterion,
  type PlainTest,
  VITEST_FILE,
  vitestRecord,
} from './vitest-record.ts';

export const STATUSES = [
  'pass',
  'fail',
  'inconclusive',
  'rehearsal: all checks green',
  'rehearsal: fail',
  'rehearsal: inconclusive',
] as const;

/** All that a run's directory holds for its verdict. */
export interface VerdictEvidence {
  readonly records: ReadonlyMap<string, CriterionRecord>;
  readonly declared: readonly DeclaredCriterion[];
  /** Tests that vitest ran and that are no criteria. */
  readonly tests: readonly PlainTest[];
  /** What broke where no criterion could say so: a hook, an import, a worker, a damaged file. */
  readonly errors: readonly string[];
  /** Reports that could not be written: what nobody can read was not shown. */
  readonly unwritten: readonly string[];
}

/** The one answer of a run: can it ship, why not, and what it is about. A rehearsal never says `pass`. */
export interface RunVerdict extends VerdictEvidence {
  readonly status: (typeof STATUSES)[number];
  /** True when everything that was asked for passed. */
  readonly green: boolean;
  readonly asked: readonly Phase[];
  /** Every criterion of the runbook and every other one, in order; one that was asked for and never judged is no pass here either. */
  readonly rows: readonly CriterionRecord[];
  /** Criteria that are the reasons, failures first. */
  readonly causes: readonly CriterionRecord[];
  /** Criteria that are not a pass because others are not: what only sums up others, and what could not be tried. */
  readonly follows: readonly CriterionRecord[];
  /** Criteria that were asked for and have no record. */
  readonly missing: readonly string[];
  /** Tests that are no criteria and did not pass. */
  readonly notPassed: readonly PlainTest[];
}

const ORDER = { fail: 0, inconclusive: 1, skipped: 2, pass: 3 };

/** The runbook's ids in its order, each section followed by what it does not know; unknown sections last. */
function everyId({ records, declared }: VerdictEvidence): string[] {
  const others = [...new Set([...declared.map(({ id }) => id), ...records.keys()])].filter(
    (id) => entryOf(id) === undefined,
  );
  return [
    ...Object.keys(SECTIONS).flatMap((section) => [
      ...criteriaIn(section).map(({ id }) => id),
      ...others.filter((id) => sectionNameOf(id) === section),
    ]),
    ...others.filter((id) => !(sectionNameOf(id) in SECTIONS)),
  ];
}

/** How a criterion without a record stands in the reports. */
function unjudged(
  id: string,
  { declared, errors }: VerdictEvidence,
  asked: readonly Phase[],
): CriterionRecord {
  const known = declared.find((one) => one.id === id) ?? entryOf(id);
  const [cause] = errors;
  const because =
    cause === undefined
      ? 'it was filtered out, or the run ended before it'
      : `because of: ${cause}`;
  return {
    id,
    section: known?.section ?? sectionNameOf(id),
    title: known?.title ?? id,
    at: '',
    durationMs: 0,
    // What broke is told once, as the cause; this follows from it.
    verdict: inScope(id, asked) && cause === undefined ? 'inconclusive' : 'skipped',
    explanation: inScope(id, asked) ? `not judged in this run: ${because}` : 'not asked for',
  };
}

/** What a pipeline branches on; 2 is the code of a run that could not begin. Of a rehearsal likewise. */
export function exitCodeOf(status: RunVerdict['status']): 0 | 1 | 3 {
  if (status === 'pass' || status === 'rehearsal: all checks green') return 0;
  return status.endsWith('fail') ? 1 : 3;
}

/** Judges a whole run. The reports, the seal and the exit code all ask this and nothing else. */
export function verdictOf(
  evidence: VerdictEvidence,
  { asked, rehearsal }: Pick<RunRecord, 'asked' | 'rehearsal'>,
): RunVerdict {
  const { records, errors, unwritten, tests } = evidence;
  const rows = everyId(evidence).map((id) => records.get(id) ?? unjudged(id, evidence, asked));
  const must = new Set([...requiredCriteria(asked), ...evidence.declared.map(({ id }) => id)]);
  const missing = rows
    .map(({ id }) => id)
    .filter((id) => must.has(id) && inScope(id, asked) && !records.has(id));
  const open = rows
    .filter(({ id, verdict, notApplicable }) => {
      if (!records.has(id) || verdict === 'pass' || notApplicable === true) return false;
      // What was judged counts, whoever asked for it.
      return verdict !== 'skipped' || inScope(id, asked);
    })
    .sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict]);
  const notPassed = tests.filter(({ state }) => state !== 'passed');
  const green = [open, missing, notPassed, errors, unwritten].every(({ length }) => length === 0);
  const failed =
    open.some(({ verdict }) => verdict === 'fail') ||
    notPassed.some(({ state }) => state === 'failed');
  const plain = green ? 'pass' : failed ? 'fail' : 'inconclusive';
  const status =
    rehearsal.length === 0
      ? plain
      : plain === 'pass'
        ? 'rehearsal: all checks green'
        : (`rehearsal: ${plain}` as const);
  const others = missing.length + notPassed.length + errors.length + unwritten.length;
  const causes = causesOf(open, others > 0);
  return {
    ...evidence,
    ...{ status, green, asked, missing, notPassed },
    rows: rows.map((row) => (causes.includes(row) ? asCause(row) : row)),
    causes: causes.map(asCause),
    follows: open.filter((one) => !causes.includes(one)),
  };
}

/** A gap that nothing explains is evidence that is missing. */
const asCause = (record: CriterionRecord): CriterionRecord =>
  record.verdict === 'skipped' ? { ...record, verdict: 'inconclusive' } : record;

/** One cause is told once: what only sums up others or could not be tried follows from it. */
function causesOf(
  open: readonly CriterionRecord[],
  explained: boolean,
): readonly CriterionRecord[] {
  const judged = open.filter(({ verdict }) => verdict !== 'skipped');
  // A cause that is itself no gap explains nothing.
  const isOpen = (id: string | undefined) => open.some((one) => one.id === id);
  const own = judged.filter(
    ({ id, follows }) => entryOf(id)?.sums === undefined && !isOpen(follows),
  );
  if (own.length > 0 || explained) return own;
  // Alone, as when a finished run is judged again, a sum or a gap is all there is to show.
  return judged.length > 0 ? judged : open;
}

function evidenceOf(directory: RunDirectory): VerdictEvidence {
  const { declared, tests, errors, unreadable } = vitestRecord(directory);
  const damaged = Object.entries({
    'criteria.ndjson': directory.unreadableCriteria(),
    [VITEST_FILE]: unreadable,
  }).filter(([, count]) => count > 0);
  return {
    records: directory.criteria(),
    declared,
    tests,
    errors: [
      ...errors,
      ...damaged.map(([name, count]) => `${counted(count, 'line')} of ${name} cannot be read`),
    ],
    unwritten: reportProblems(directory),
  };
}

/** The verdict on a run, from its directory alone. */
export function runVerdict(
  directory: RunDirectory,
  run: Pick<RunRecord, 'asked' | 'rehearsal'>,
): RunVerdict {
  return verdictOf(evidenceOf(directory), run);
}

/** Ids of a section: those of the runbook, and others that a spec declared or that have a record. */
export function criteriaOf(directory: RunDirectory, section: Section): string[] {
  return everyId(evidenceOf(directory)).filter((id) => sectionNameOf(id) === section);
}
