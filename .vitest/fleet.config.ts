import { defineConfig } from 'vitest/config';
import { worlds } from '../fixtures/worlds/world-pool.ts';

/**
 * The Ansible collection (`npm run test:fleet`): ansible-lint, and true ansible-playbook over true SSH to hosts that
 * namespaces play. Needs root, ansible-core, ansible-lint, openssh-server, openssh-client and zstd.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['fixtures/ansible/*.test.ts'],
    fileParallelism: false,
    pool: worlds,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
