import { defineConfig } from 'vitest/config';

/** The staging VM's end-to-end tests (`npm run test:vm`): they boot VMs, one at a time, as root. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['fixtures/staging-vm/*.test.ts'],
    fileParallelism: false,
    // Without KVM a whole rehearsal takes minutes.
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
  },
});
