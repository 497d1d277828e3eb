import type { TestCase, TestModule } from 'vitest/node';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { counted } from '../helpers/text/counted.ts';

/** Every test of the run in the runbook's order. */
export function testsOf(modules: readonly TestModule[]): TestCase[] {
  return [...modules]
    .sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1))
    .flatMap((module) => [...module.children.allTests()]);
}

/** The title of every document: a rehearsal says so before anything else. */
export function reportTitle({ rehearsal }: Pick<RunRecord, 'rehearsal'>): string {
  return `AegisBPF staging canary${rehearsal.length > 0 ? ' (REHEARSAL)' : ''}`;
}

/** How many criteria, in words. */
export const criteriaText = (count: number) => counted(count, 'criterion', 'criteria');
