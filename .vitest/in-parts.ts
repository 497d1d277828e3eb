import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { sourceNow } from '../fixtures/rehearsals/tried-rows.ts';
import { worlds } from '../fixtures/worlds/world-pool.ts';

/** Many parts, so that none waits long for the last. */
const MOST_PARTS = 16;

/** A test file of so many rehearsals, in parts that run at once, each in a world of its own. */
export function inParts(file: string, rehearsals: number, globalSetup: readonly string[] = []) {
  const source = sourceNow();
  const parts = Math.min(MOST_PARTS, rehearsals);
  return defineConfig({
    root: new URL('..', import.meta.url).pathname,
    test: {
      // Rehearsals mostly wait.
      maxWorkers: 2 * availableParallelism(),
      testTimeout: 900_000,
      projects: Array.from({ length: parts }, (_, index) => ({
        extends: true,
        test: {
          name: `${index + 1}/${parts}`,
          include: [file],
          pool: worlds,
          env: {
            PART: `${index + 1}/${parts}`,
            ...(source === undefined ? {} : { TRIED_SOURCE: source }),
          },
          globalSetup: index === 0 ? [...globalSetup] : [],
        },
      })),
    },
  });
}
