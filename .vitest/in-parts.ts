import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { defineConfig } from 'vitest/config';
import { sourceNow } from '../fixtures/rehearsals/tried-rows.ts';
import { worlds } from '../fixtures/worlds/world-pool.ts';

/** Many parts, so that none waits long for the last. */
const MOST_PARTS = 16;

/** Positions of those that -t asks for, by the names of their tests: a part without any would start in vain. */
function askedFor(names: readonly string[]): readonly number[] {
  const { values } = parseArgs({
    strict: false,
    options: { testNamePattern: { type: 'string', short: 't' } },
  });
  const pattern = new RegExp(`${values.testNamePattern ?? ''}`);
  return names.flatMap((name, row) => (pattern.test(name) ? [row] : []));
}

interface Manner {
  /** Positions in groups that no part may divide; each by itself where absent. @param source the rows are tried on. */
  readonly inGroups?: (
    rows: readonly number[],
    source: string | undefined,
  ) => readonly (readonly number[])[];
  readonly globalSetup?: readonly string[];
}

/**
 * A test file of many rehearsals, in parts that run at once, each in a world of its own. Neighbours, which take
 * about as long, are in different parts.
 * @param names of its tests.
 */
export function inParts(
  file: string,
  names: readonly string[],
  { inGroups = (rows) => rows.map((row) => [row]), globalSetup = [] }: Manner = {},
) {
  const source = sourceNow();
  const groups = inGroups(askedFor(names), source);
  const parts = Math.max(1, Math.min(MOST_PARTS, groups.length));
  return defineConfig({
    root: new URL('..', import.meta.url).pathname,
    test: {
      // Rehearsals mostly wait.
      maxWorkers: 2 * availableParallelism(),
      // The first of a group may wait for its rehearsal, and for those of ever smaller halves.
      testTimeout: 3_600_000,
      projects: Array.from({ length: parts }, (_, index) => ({
        extends: true,
        test: {
          name: `${index + 1}/${parts}`,
          include: [file],
          pool: worlds,
          env: {
            ROWS: JSON.stringify(groups.filter((_, at) => at % parts === index)),
            ...(source === undefined ? {} : { TRIED_SOURCE: source }),
          },
          globalSetup: index === 0 ? ['.vitest/built-stand-in.ts', ...globalSetup] : [],
        },
      })),
    },
  });
}
