/** How a criterion ends. No data is never a pass: it is `inconclusive`, which fails the run too. */
type Verdict = 'pass' | 'fail' | 'inconclusive';

/** What was measured, against what, and where it was read. */
export interface Measurement {
  readonly value?: number | string;
  readonly limit?: number | string;
  readonly unit?: string;
  /** The file, command or metric family that the value was read from. */
  readonly source?: string;
}

/** A known deviation of the agent that a person must see, whatever the verdict. */
export interface Finding {
  readonly title: string;
  readonly severity: 'critical' | 'high' | 'medium' | 'low';
  /** Section of the agent's contract that describes it, where known. */
  readonly reference?: string | undefined;
  readonly detail: string;
  /** Who accepted it, why, and the last day on which that holds (KNOWN_DEFECTS). */
  readonly accepted?:
    | { readonly by: string; readonly reason: string; readonly until: string }
    | undefined;
}

/** The outcome of one criterion: the one result model that every report renders. */
export interface Judgement extends Measurement {
  readonly verdict: Verdict;
  readonly explanation: string;
  readonly findings?: readonly Finding[];
  /** The criterion that tells the cause; this one is a consequence, and no reason of its own. */
  readonly follows?: string;
  /** Whom the evidence blames, where that is another than blame.ts takes from the criterion. */
  readonly blames?: 'host' | 'suite';
  /** A few lines, the facts behind a verdict that is no pass: when, who, and what was told beside it. */
  readonly proof?: readonly string[];
}

const judgedAs =
  (verdict: Verdict) =>
  (explanation: string, measurement: Measurement = {}): Judgement => ({
    ...{ verdict, explanation },
    ...measurement,
  });

export const pass = judgedAs('pass');
export const fail = judgedAs('fail');
export const inconclusive = judgedAs('inconclusive');

/** Thrown by a helper that cannot go on; the criterion that called it takes this judgement. */
export class JudgementError extends Error {
  readonly judgement: Judgement;
  constructor(judgement: Judgement) {
    super(judgement.explanation);
    this.name = 'JudgementError';
    this.judgement = judgement;
  }
}

/**
 * Thrown by a step that this host or this version of the agent has no subject for. The criterion
 * ends as skipped with these words and does not count against the run.
 */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** Ends the calling criterion as failed. */
export function failed(explanation: string, measurement: Measurement = {}): JudgementError {
  return new JudgementError(fail(explanation, measurement));
}

/** Ends the calling criterion as inconclusive: the evidence to judge by is missing or invalid. */
export function noEvidence(explanation: string, measurement: Measurement = {}): JudgementError {
  return new JudgementError(inconclusive(explanation, measurement));
}

/** The first judgement that is not a pass, failures before inconclusive ones; else the last one. */
export function worst(judgements: readonly [Judgement, ...Judgement[]]): Judgement {
  const first = (verdict: Verdict) => judgements.find((one) => one.verdict === verdict);
  return first('fail') ?? first('inconclusive') ?? judgements.at(-1) ?? judgements[0];
}

/** One judgement of several on one criterion: the worst, with the words of each that is as bad, and the findings of all. */
export function together(judgements: readonly [Judgement, ...Judgement[]]): Judgement {
  const one = worst(judgements);
  const asBad = judgements.filter(({ verdict }) => verdict === one.verdict);
  const findings = judgements.flatMap((judgement) => judgement.findings ?? []);
  return {
    ...one,
    ...(one.verdict === 'pass'
      ? {}
      : { explanation: asBad.map(({ explanation }) => explanation).join('; ') }),
    ...(findings.length === 0 ? {} : { findings }),
  };
}
