import type { CriterionRecord } from '../evidence/run-directory.ts';
import type { Phase } from '../settings/settings.ts';
import { RUNBOOK, type Section } from './runbook.ts';

/** The one answer of a run: can it ship? A rehearsal never says `pass`. */
export interface FinalStatus {
  readonly status:
    | 'pass'
    | 'fail'
    | 'inconclusive'
    | 'rehearsal: all checks green'
    | 'rehearsal: fail'
    | 'rehearsal: inconclusive';
  /** True when everything that was asked for passed. */
  readonly green: boolean;
  /** Criteria of the asked sections that are not a pass, failures first. */
  readonly open: readonly CriterionRecord[];
  /** Criteria that were never judged: filtered out, or the run was cut short. */
  readonly missing: readonly string[];
  /** Reports that could not be written: what nobody can read was not shown. */
  readonly unwritten: readonly string[];
}

/** Sections that a run must pass to pass what it was asked for. */
export function requiredSections(asked: readonly Phase[]): readonly Section[] {
  return ['preconditions', 'preflight', ...asked, 'exit'];
}

/** Exit criteria of phases that were not asked for are skipped, and that is no gap. */
export function requiredCriteria(asked: readonly Phase[]): readonly string[] {
  const notAsked = (['audit', 'enforce', 'rollback'] as const)
    .filter((phase) => !asked.includes(phase))
    .map((phase) => `exit.${phase}`);
  const soaked = asked.includes('audit') || asked.includes('enforce');
  const without = new Set([
    ...notAsked,
    ...(soaked ? [] : ['exit.thresholds', 'exit.false-positives']),
  ]);
  return requiredSections(asked)
    .flatMap((section): readonly string[] => RUNBOOK[section])
    .filter((id) => !without.has(id));
}

const ORDER = { fail: 0, inconclusive: 1, skipped: 2, pass: 3 };

/** Judges a whole run from its records alone. */
export function finalStatus(
  records: ReadonlyMap<string, CriterionRecord>,
  asked: readonly Phase[],
  rehearsal: boolean,
  unwritten: readonly string[] = [],
): FinalStatus {
  const required = requiredCriteria(asked);
  const missing = required.filter((id) => !records.has(id));
  const open = required
    .flatMap((id) => records.get(id) ?? [])
    .filter(({ verdict, notApplicable }) => verdict !== 'pass' && notApplicable !== true)
    .sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict]);
  const green = missing.length === 0 && open.length === 0 && unwritten.length === 0;
  const plain = green
    ? 'pass'
    : open.some(({ verdict }) => verdict === 'fail')
      ? 'fail'
      : 'inconclusive';
  if (!rehearsal) return { status: plain, green, open, missing, unwritten };
  const status =
    plain === 'pass' ? 'rehearsal: all checks green' : (`rehearsal: ${plain}` as const);
  return { status, green, open, missing, unwritten };
}
