import { defineConfig } from 'vitest/config';

/** The bundle for hosts without a network (`npm run test:bundle`): made twice, unpacked and rehearsed. Some minutes of zstd. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['fixtures/package/bundle.test.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
