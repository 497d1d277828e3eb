import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** vitest's own command, wherever npm has put the package. */
export const VITEST = join(
  dirname(fileURLToPath(import.meta.resolve('vitest/package.json'))),
  'vitest.mjs',
);
