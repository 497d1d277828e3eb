import { defineConfig } from 'vitest/config';

/**
 * The suite's own tests (`npm test`): unit tests beside their sources and end-to-end rehearsals.
 * Never the runbook itself: canary/ belongs to the configuration at the top of the repository.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['helpers/**/*.test.ts', 'reports/**/*.test.ts', 'fixtures/**/*.test.ts'],
    // The fault matrix, the interrupts at random moments, the clean rehearsals in a row and the VM take minutes each and
    // have commands of their own.
    exclude: [
      'canary/**',
      'node_modules/**',
      'fixtures/rehearsals/fault-matrix.test.ts',
      'fixtures/rehearsals/random-interrupts.test.ts',
      'fixtures/rehearsals/clean-rehearsals.test.ts',
      'fixtures/staging-vm/**',
    ],
    // One at a time: rehearsals share the host, and the host lock refuses a second one.
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
