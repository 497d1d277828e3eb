import { relative } from 'node:path';
import { expect, inject } from 'vitest';
import type { CriterionRecord } from '../evidence/run-directory.ts';
import { type DeclaredCriterion, vitestRecord } from '../evidence/vitest-record.ts';
import { canaryRun } from './canary-run.ts';

/** A criterion as its spec declares it. */
type Declaration = Pick<CriterionRecord, 'id' | 'section' | 'title'>;

declare module 'vitest' {
  interface TaskMeta {
    /** Set for every test that is a criterion, judged or not. */
    declared?: Declaration;
  }
}

/** Ids that specs of this process took. */
const here = new Map<string, string>();
let elsewhere: readonly DeclaredCriterion[] | undefined;

/**
 * Takes an id for this spec. Two criteria of one id would answer for each other.
 * @throws Error when the id is taken, in this spec or in one that vitest collected before.
 */
export function declare(declaration: Declaration): Declaration {
  const { id } = declaration;
  // As vitest's reporters name a spec: whoever judges a run again may stand in another directory.
  const spec = relative(inject('root'), expect.getState().testPath ?? '');
  elsewhere ??= vitestRecord(canaryRun().directory).declared;
  const other = here.get(id) ?? elsewhere.find((one) => one.id === id && one.spec !== spec)?.spec;
  if (other !== undefined)
    throw new Error(
      `the criterion ${id} is declared twice, in ${[...new Set([other, spec])].join(' and in ')}; give each an id of its own`,
    );
  here.set(id, spec);
  return declaration;
}
