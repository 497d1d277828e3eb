import type { TestCase, TestModule } from 'vitest/node';
import { entryOf } from '../helpers/criteria/catalogue.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import type { RunVerdict } from '../helpers/evidence/verdict.ts';
import { PHASES, type Phase } from '../helpers/settings/settings.ts';
import { counted, withUnit } from '../helpers/text/counted.ts';

/** Every test of the run in the runbook's order. */
export function testsOf(modules: readonly TestModule[]): TestCase[] {
  const place = ({ moduleId, project }: TestModule) =>
    project.getProvidedContext().specs.indexOf(moduleId);
  return [...modules]
    .sort((a, b) => place(a) - place(b))
    .flatMap((module) => [...module.children.allTests()]);
}

/** The title of every document: a rehearsal says so before anything else. */
export function reportTitle({ rehearsal }: Pick<RunRecord, 'rehearsal'>): string {
  return `AegisBPF staging canary${rehearsal.length > 0 ? ' (REHEARSAL)' : ''}`;
}

/** How many criteria, in words. */
export const criteriaText = (count: number) => counted(count, 'criterion', 'criteria');

/** What a run was asked for, in names: each has the preconditions, and one may have nothing else. */
export const askedNames = (asked: readonly Phase[]): readonly string[] =>
  asked.length === 0 ? ['preconditions'] : asked;

/** Phases of the runbook that this run was not asked for. */
export const notAsked = (asked: readonly Phase[]): Phase[] =>
  PHASES.filter((phase) => !asked.includes(phase));

/** A limit with its direction and unit: `≤ 100 drops`. Without a direction it is a value to be equal to. */
export function limitText({ id, limit, unit }: CriterionRecord): string | undefined {
  if (limit === undefined) return undefined;
  const direction = entryOf(id)?.threshold?.limit;
  const sign = direction === undefined ? '' : direction === 'highest' ? '≤ ' : '≥ ';
  return `${sign}${withUnit(limit, unit)}`;
}

/** Findings that somebody accepted, each once, with who and until when. */
export function acceptedRisks({ rows }: Pick<RunVerdict, 'rows'>) {
  const all = rows
    .flatMap(({ findings = [] }) => findings)
    .flatMap((finding) =>
      finding.accepted === undefined ? [] : [{ ...finding, accepted: finding.accepted }],
    );
  // Both modes find the same.
  return [...new Map(all.map((finding) => [finding.title, finding])).values()];
}

/** Criteria that are not a pass for the same reason. */
export const byReason = (causes: RunVerdict['causes']) => [
  ...Map.groupBy(causes, ({ verdict, explanation }) => `${verdict}: ${explanation}`).values(),
];
