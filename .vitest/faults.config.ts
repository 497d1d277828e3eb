import { defineConfig } from 'vitest/config';

/** The fault matrix (`npm run test:faults`): one rehearsal of the canary per fault, about twenty minutes. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['fixtures/rehearsals/fault-matrix.test.ts'],
    fileParallelism: false,
    testTimeout: 240_000,
  },
});
