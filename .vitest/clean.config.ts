import { defineConfig } from 'vitest/config';
import { worlds } from '../fixtures/worlds/world-pool.ts';

/**
 * No false alarms (`npm run test:clean`): REHEARSALS clean rehearsals in a row (100), every other one beside a
 * busy loop on each processor. About a minute each.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['fixtures/rehearsals/clean-rehearsals.test.ts'],
    fileParallelism: false,
    pool: worlds,
    testTimeout: 300_000,
  },
});
