import { fileURLToPath } from 'node:url';

/**
 * Environment that lets Node keep the compiled form of our sources beside the packages, so that a
 * process of ours starts in half the time (`module.enableCompileCache`, nodejs.org/api/module.html).
 * As trusted as node_modules itself; where it cannot be written Node does without.
 */
export const COMPILE_CACHE = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/canary', import.meta.url)),
  // Still good where the project lies elsewhere, as it does in the staging VM.
  NODE_COMPILE_CACHE_PORTABLE: '1',
} as const;
