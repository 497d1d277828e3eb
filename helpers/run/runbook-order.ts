import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Runs the spec files by name: 1-preconditions before 2-audit, and so on. */
export class RunbookOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
  }
}
