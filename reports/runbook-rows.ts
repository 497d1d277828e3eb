import { requiredCriteria } from '../helpers/criteria/final-status.ts';
import { RUNBOOK, SECTION_TITLES, type Section } from '../helpers/criteria/runbook.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { Phase } from '../helpers/settings/settings.ts';
import type { JudgedTest } from './records.ts';

/** A test that ended without a record: filtered out, timed out, or its worker died. */
export interface Unjudged {
  readonly title: string;
  readonly why: string;
}

const NOT_JUDGED = 'not judged in this run: filtered out, or the run ended before it';

/** The tests that left no record, by the title of their section. */
export function unjudgedBySection(tests: readonly JudgedTest[]): ReadonlyMap<string, Unjudged[]> {
  const found = Map.groupBy(
    tests.filter(({ record }) => record === undefined),
    ({ test }) => (test.parent.type === 'suite' ? test.parent.name : ''),
  );
  return new Map(
    [...found].map(([section, left]) => [
      section,
      left.map(({ test }) => ({
        title: test.name,
        why: test.result().errors?.[0]?.message ?? NOT_JUDGED,
      })),
    ]),
  );
}

/**
 * One row for every criterion of the runbook, in its order. What has no record is inconclusive
 * where it was asked for, because no verdict is not a pass, and skipped where it was not.
 */
export function runbookRows(
  records: ReadonlyMap<string, CriterionRecord>,
  asked: readonly Phase[],
  unjudged: ReadonlyMap<string, readonly Unjudged[]>,
): CriterionRecord[] {
  const required = new Set(requiredCriteria(asked));
  return (Object.keys(RUNBOOK) as Section[]).flatMap((section) => {
    const ids: readonly string[] = RUNBOOK[section];
    const left = ids.filter((id) => !records.has(id));
    const tests = unjudged.get(SECTION_TITLES[section]) ?? [];
    return ids.map((id): CriterionRecord => {
      const known = records.get(id);
      if (known !== undefined) return known;
      // Specs declare criteria in the runbook's order, so equal numbers pair up.
      const test = tests.length === left.length ? tests[left.indexOf(id)] : undefined;
      return {
        id,
        section,
        title: test?.title ?? id,
        at: '',
        durationMs: 0,
        verdict: required.has(id) ? 'inconclusive' : 'skipped',
        explanation: test?.why ?? NOT_JUDGED,
      };
    });
  });
}
