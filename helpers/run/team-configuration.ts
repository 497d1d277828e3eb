import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inOneLine } from '../text/escaped-character.ts';
import { type Planned, planFrom } from './told-plan.ts';

/** Where vitest looks for its configuration, in its order. */
const NAMES = ['vitest.config', 'vite.config'].flatMap((name) =>
  ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((ending) => `${name}.${ending}`),
);

/** What a vitest configuration says of the canary, or why that cannot be told. */
export type TeamConfiguration =
  | { readonly path: string; readonly planned: Planned }
  | { readonly path: string; readonly why: string };

/**
 * Loads vitest's configuration of a folder as Node does, and keeps what `defineCanary` is told in it. No vitest is started.
 * Its own code runs, with nothing else that a run of the canary does.
 * @returns undefined where there is none.
 */
export async function teamConfiguration(folder: string): Promise<TeamConfiguration | undefined> {
  const name = NAMES.find((one) => existsSync(join(folder, one)));
  if (name === undefined) return undefined;
  const path = join(folder, name);
  // Node would keep what it compiles beside the packages, and a plan writes nothing.
  process.env.NODE_DISABLE_COMPILE_CACHE = '1';
  let planned: Planned | undefined;
  planFrom((told) => {
    planned = told;
  });
  try {
    const { default: made }: { default?: unknown } = await import(pathToFileURL(path).href);
    // As vite calls it.
    if (typeof made === 'function') await made({ command: 'serve', mode: 'test' });
  } catch (error) {
    return { path, why: inOneLine(error instanceof Error ? error.message : String(error)) };
  }
  return planned === undefined ? { path, why: 'it calls no defineCanary' } : { path, planned };
}
