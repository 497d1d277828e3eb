import { extname } from 'node:path';

const IS_CLONE = extname(import.meta.url) === '.ts';

/** A command of ours as a person types it: an npm script of the clone, or that of the npm package. */
export function ownCommand(name: string, ...options: readonly string[]): string {
  const words = IS_CLONE
    ? ['npm run', name, ...(options.length > 0 ? ['--'] : [])]
    : ['npx aegisbpf-canary', name];
  return [...words, ...options].join(' ');
}
