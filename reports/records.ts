import type { TestCase, TestModule } from 'vitest/node';
import type { ProvidedRun } from '../helpers/canary-run.ts';
import { type CriterionRecord, RunDirectory } from '../helpers/evidence/run-directory.ts';

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
export function readRun(path: string):
  | (ProvidedRun & {
      settings: Record<string, unknown>;
      hostname: string;
      kernel: { value?: string };
      startedAt: string;
    })
  | undefined {
  const directory = new RunDirectory(path);
  return directory.has('run.json') ? JSON.parse(directory.readText('run.json')) : undefined;
}
