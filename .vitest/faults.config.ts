import { defineConfig } from 'vitest/config';
import { worlds } from '../fixtures/worlds/world-pool.ts';

/**
 * The fault matrix (`npm run test:faults`): one rehearsal of the canary per fault, about 45 minutes, and
 * docs/fault-matrix.md as the result. FAULTS_PART=1/2 runs the first half, and -t those of a name; the
 * rows of the others stay.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['fixtures/rehearsals/fault-matrix.test.ts'],
    fileParallelism: false,
    pool: worlds,
    testTimeout: 240_000,
  },
});
