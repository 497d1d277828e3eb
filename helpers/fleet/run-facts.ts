import type { HostOfFleet, OpenCriterion } from '../evidence/fleet-summary.ts';
import { type CriterionRecord, SEVERITY } from '../evidence/run-directory.ts';
import type { RunRecord } from '../evidence/run-record.ts';
import type { SealedRun } from '../evidence/sealed-run.ts';
import type { Summary } from '../evidence/summary.ts';
import { type RunVerdict, verdictOf } from '../evidence/verdict.ts';
import { figuresOf, type RunFigure } from '../steps/earlier-runs/figures.ts';
import type { FleetReview } from './fleet-review.ts';
import { isCompared } from './outliers.ts';

/** Longer explanations are the agent's own text; all of it is in the run's own summary. */
const MAX_EXPLANATION = 600;

/** The criterion that a review of other people's decisions settles. */
const REVIEW = 'exit.false-positives';

/** What is kept of a run when the next one is read: memory grows by what is no pass, and not by evidence. */
export interface RunFacts {
  readonly told: Omit<HostOfFleet['runs'][number], 'counts'>;
  readonly run: Pick<
    RunRecord,
    'hostname' | 'distribution' | 'rehearsal' | 'candidatePath' | 'candidateVersion' | 'suite'
  >;
  readonly kernel: string;
  readonly candidateSha256: string;
  readonly objects: readonly string[];
  /** When its last criterion was judged that needs the host. */
  readonly endedAt: string;
  /** With the review of the fleet. */
  readonly status: RunVerdict['status'];
  readonly open: readonly OpenCriterion[];
  readonly verdicts: ReadonlyMap<string, CriterionRecord['verdict']>;
  readonly problems: readonly string[];
  readonly figures: readonly RunFigure[];
}

/** What the fleet knows of each criterion, once. */
export type Titles = Map<string, Pick<CriterionRecord, 'id' | 'section' | 'title'>>;

const shortened = (text: string) =>
  text.length > MAX_EXPLANATION ? `${text.slice(0, MAX_EXPLANATION).toWellFormed()}…` : text;

function openOf(record: CriterionRecord, isCause: boolean): OpenCriterion[] {
  const { id, verdict, explanation, value, limit, unit } = record;
  if (verdict === 'pass') return [];
  const text = isCause || verdict !== 'skipped' ? shortened(explanation) : '';
  return [{ id, verdict, explanation: text, value, limit, unit, isCause }];
}

const neverJudged = (id: string): OpenCriterion => ({
  ...{ id, verdict: 'inconclusive', isCause: true },
  explanation: 'it was asked for and never judged in this run',
});

/** Criteria that a spec declared and that have no record: the verdict counts them. */
const asDeclared = ({ missing }: Summary) =>
  missing.map((id) => ({ kind: 'criterion' as const, id, section: '', title: id, spec: '' }));

function problemsOf({ errors, unwritten, tests }: Summary): string[] {
  return [
    ...errors,
    ...unwritten.map((problem) => `a report could not be written: ${problem}`),
    ...tests.flatMap(({ spec, name, state }) =>
      state === 'passed' ? [] : [`${spec}: ${name}: ${state}`],
    ),
  ].map(shortened);
}

/** The records of a run, with what the review of the fleet says of its decisions. */
async function withReview(sealed: SealedRun, review: FleetReview) {
  const records = new Map<string, CriterionRecord>(
    sealed.summary.criteria.map((record) => [record.id, record]),
  );
  const own = records.get(REVIEW);
  if (own?.verdict !== 'inconclusive' && own?.verdict !== 'fail')
    return { records, changed: false };
  const judged = await review.judge(sealed.directory, sealed.run.hostname);
  // The review of the fleet settles what is open; it opens nothing.
  if (judged === undefined) return { records, changed: false };
  if (SEVERITY[judged.verdict] >= SEVERITY[own.verdict] && judged.verdict !== 'fail')
    return { records, changed: false };
  records.set(REVIEW, { ...own, ...judged });
  return { records, changed: judged.verdict !== own.verdict };
}

/**
 * What a sealed run says of its host.
 * @throws Error when it names no candidate: nobody knows what it tried.
 */
export async function factsOf(
  sealed: SealedRun,
  review: FleetReview,
  titles: Titles,
): Promise<RunFacts> {
  const { run, summary, directory, manifestSha256, signers } = sealed;
  if (run.candidateSha256 === undefined)
    throw new Error('it knows no hash of its candidate, so nobody knows what it tried');
  const { records, changed } = await withReview(sealed, review);
  for (const { id, section, title } of records.values())
    if (!titles.has(id)) titles.set(id, { id, section, title });
  const { tests, errors, unwritten, missing } = summary;
  const evidence = {
    ...{ records, errors, unwritten, declared: asDeclared(summary) },
    tests: tests.map((test) => ({ ...test, kind: 'test' as const })),
  };
  const verdict = verdictOf(evidence, run);
  const open = [
    ...verdict.causes.flatMap((record) => openOf(record, true)),
    ...missing.map(neverJudged),
    ...verdict.follows.flatMap((record) => openOf(record, false)),
  ];
  const judged = [...records.values()].filter(({ verdict: one }) => one !== 'skipped');
  const told = {
    ...{ directory, runId: run.runId, startedAt: run.startedAt, asked: [...run.asked] },
    ...{ status: summary.status, reviewed: changed, manifestSha256, signers: [...signers] },
  };
  return {
    told,
    run: {
      ...{ hostname: run.hostname, distribution: run.distribution, rehearsal: run.rehearsal },
      ...{ candidatePath: run.candidatePath, candidateVersion: run.candidateVersion },
      suite: run.suite,
    },
    kernel: run.kernel.value ?? 'unknown kernel',
    candidateSha256: run.candidateSha256,
    objects: (run.bpfObjects ?? []).map(({ sha256 }) => sha256).sort(),
    endedAt: judged
      .filter(({ section }) => section !== 'exit')
      .reduce((last, { at }) => (at > last ? at : last), run.startedAt),
    // Another suite's catalogue has other criteria: a run keeps its own word, unless the review changed it.
    status: changed ? verdict.status : summary.status,
    open,
    verdicts: new Map([
      ...judged.map((record) => [record.id, record.verdict] as const),
      ...open.map((one) => [one.id, one.verdict] as const),
    ]),
    problems: problemsOf(summary),
    figures: [...figuresOf({ run, records, text: sealed.text }).values()].filter(isCompared),
  };
}
