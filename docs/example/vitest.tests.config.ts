import { defineConfig } from 'vitest/config';

// Tests of our checks, apart from the canary: each is a rehearsal in a world of its own.
export default defineConfig({
  test: { include: ['tests/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 },
});
