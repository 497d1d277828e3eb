import { defineConfig } from 'vitest/config';
import { worlds } from '../fixtures/worlds/world-pool.ts';

/**
 * Interrupts (`npm run test:interrupts`): four signals at four set moments, and INTERRUPTS (35) at random ones, the
 * same again with INTERRUPT_SEED. About half a minute each. With TRY_ON_THIS_HOST=1 on a throwaway host they are on
 * the agent of AEGIS_BIN and on the host itself.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: [
      'fixtures/rehearsals/random-interrupts.test.ts',
      // These are on the stand-in alone.
      ...(process.env.TRY_ON_THIS_HOST === '1'
        ? []
        : ['fixtures/rehearsals/interrupt-signals.test.ts']),
    ],
    fileParallelism: false,
    pool: process.env.TRY_ON_THIS_HOST === '1' ? 'forks' : worlds,
    // On an emulated host the drill alone takes ten minutes.
    testTimeout: 1_500_000,
  },
});
