import { defineConfig } from 'vitest/config';

/**
 * The property tests of everything that reads what others wrote (`npm run test:properties`), with
 * 100,000 cases each, or PROPERTY_RUNS of them; `npm test` tries 1000. Whatever the text, a parser
 * accepts it or gives an error that says where, and never hangs.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: [
      'helpers/settings/settings.test.ts',
      'helpers/agent/contract/*.test.ts',
      'helpers/review/review-text.test.ts',
      'helpers/evidence/damaged-manifest.test.ts',
    ],
    env: { PROPERTY_RUNS: process.env.PROPERTY_RUNS ?? '100000' },
    testTimeout: 1_200_000,
  },
});
