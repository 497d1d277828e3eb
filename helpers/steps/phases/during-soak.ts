import { pathToFileURL } from 'node:url';
import { describe, test } from 'vitest';
import { canaryRun } from '../canary-run.ts';
import { declaredDuring } from '../public-criterion.ts';
import type { SoakPhase } from './soak-phase.ts';

/**
 * Declares a team's own specs that are judged during this soak: beside it, and one after the other.
 * @returns how the soak itself is to be run: vitest runs at once what stands together and may.
 */
export function duringSoak({ mode, underWay }: SoakPhase): { readonly concurrent?: boolean } {
  const files = canaryRun().besideSoak[mode];
  if (files.length === 0) return {};
  describe(`during the soak in ${mode} mode`, { concurrent: true }, () => {
    describe('one after the other', { concurrent: false }, async () => {
      for (const file of files)
        await declaredDuring(underWay, () => import(pathToFileURL(file).href)).catch((error) => {
          // The runbook's own spec is judged all the same.
          test(`${file} can be loaded`, () => {
            throw error;
          });
        });
    });
  });
  return { concurrent: true };
}
