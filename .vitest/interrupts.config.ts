import { defineConfig } from 'vitest/config';

/**
 * Interrupts at random moments (`npm run test:interrupts`): INTERRUPTS of them (35), the same ones
 * again with INTERRUPT_SEED. About half a minute each.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['fixtures/rehearsals/random-interrupts.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
  },
});
