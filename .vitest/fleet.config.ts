import { defineConfig } from 'vitest/config';
import { worlds } from '../fixtures/worlds/world-pool.ts';

const VMS = 'fixtures/ansible/staging-vms.test.ts';
const timeouts = { testTimeout: 2_400_000, hookTimeout: 2_400_000 };

/**
 * The Ansible collection (`npm run test:fleet`): ansible-lint, and true ansible-playbook over true SSH to hosts that
 * namespaces play, and to staging VMs. Needs root, ansible-core, ansible-lint, openssh-server, openssh-client, zstd,
 * and what a staging VM needs.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    fileParallelism: false,
    projects: [
      {
        test: {
          name: 'played hosts',
          include: ['fixtures/ansible/*.test.ts'],
          exclude: [VMS],
          pool: worlds,
          ...timeouts,
        },
      },
      // Outside a world: the first of them has its root file system fetched.
      { test: { name: 'staging VMs', include: [VMS], ...timeouts } },
    ],
  },
});
