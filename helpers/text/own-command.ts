import { extname } from 'node:path';

const IS_CLONE = extname(import.meta.url) === '.ts';

/** A command of ours as a person types it: an npm script of the clone, that of the npm package, or the program of a bundle. */
export function ownCommand(name: string, ...options: readonly string[]): string {
  const words = IS_CLONE
    ? ['npm run', name, ...(options.length > 0 ? ['--'] : [])]
    : [process.env.CANARY_PROGRAM ?? 'npx aegisbpf-canary', name];
  return [...words, ...options].join(' ');
}
