import type { TestCase, TestModule } from 'vitest/node';
import { type CriterionRecord, RunDirectory } from '../helpers/evidence/run-directory.ts';
import { type RunRecord, readRunRecord } from '../helpers/evidence/run-record.ts';

export type { RunRecord };

/** A test of the runbook with its criterion, where it came far enough to be judged. */
export interface JudgedTest {
  readonly test: TestCase;
  readonly record: CriterionRecord | undefined;
}

/** Every test of the run in the runbook's order. */
export function judgedTests(modules: readonly TestModule[]): JudgedTest[] {
  return [...modules]
    .sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1))
    .flatMap((module) => [...module.children.allTests()])
    .map((test) => ({ test, record: test.meta().criterion }));
}

/** `run.json`, as the run's setup wrote it; undefined when the run did not begin. */
export function readRun(path: string): RunRecord | undefined {
  return readRunRecord(new RunDirectory(path));
}

/** The title of every document: a rehearsal says so before anything else. */
export function reportTitle(run: Pick<RunRecord, 'rehearsal'>): string {
  return run.rehearsal.length > 0
    ? 'AegisBPF staging canary (REHEARSAL)'
    : 'AegisBPF staging canary';
}
