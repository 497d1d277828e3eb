import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { worlds } from '../fixtures/worlds/world-pool.ts';
import { LongestFirst } from './longest-first.ts';

/**
 * The suite's own tests (`npm test`): unit tests beside their sources and end-to-end rehearsals.
 * Never the runbook itself: canary/ belongs to the configuration at the top of the repository.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    // Rehearsals mostly wait.
    maxWorkers: 2 * availableParallelism(),
    sequence: { sequencer: LongestFirst },
    // Beside other load a rehearsal takes minutes; a limit that it reaches would fail the tests behind it too.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'units',
          include: ['helpers/**/*.test.ts', 'reports/**/*.test.ts'],
          // Half their time would be imports.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'worlds',
          include: ['fixtures/**/*.test.ts'],
          // The fault matrix, the interrupts by signals, the clean rehearsals in a row, true Ansible and the
          // VM take minutes each and have commands of their own.
          exclude: [
            'fixtures/ansible/**',
            'fixtures/package/bundle.test.ts',
            'fixtures/rehearsals/fault-matrix.test.ts',
            'fixtures/rehearsals/random-interrupts.test.ts',
            'fixtures/rehearsals/interrupt-signals.test.ts',
            'fixtures/rehearsals/clean-rehearsals.test.ts',
            'fixtures/staging-vm/**',
          ],
          pool: worlds,
          globalSetup: ['.vitest/built-stand-in.ts'],
        },
      },
    ],
  },
});
