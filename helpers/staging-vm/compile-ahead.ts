import { join } from 'node:path';
import { COMPILE_CACHE } from '../files/compile-cache.ts';
import { type RunProgram, runProgram } from './programs.ts';

const PROJECT = join(import.meta.dirname, '../..');

/**
 * Starts vitest and the reporters once on this machine, which takes a second, so that their compiled form is carried in:
 * an emulated processor would compile for some six. Nothing of the canary runs; it only lists the names of its files.
 */
export async function compileAhead(run: RunProgram): Promise<void> {
  const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
  await runProgram(process.execPath, [vitest, 'list', 'canary', '--filesOnly'], {
    ...run,
    cwd: PROJECT,
    environment: { ...COMPILE_CACHE, AEGIS_BIN: join(PROJECT, 'fixtures/stand-in/aegisbpf') },
  });
}
