import { lstatSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { identityOf, type Journal } from './journal.ts';
import { OWN_DIRECTORY_PREFIX } from './own-file.ts';

/**
 * Sets break-glass by a file of ours, in the journal before the agent could see it.
 * @param path nothing may be there: break-glass of the operator's own is never touched.
 * @returns what ends it again.
 */
export function setBreakGlass(path: string, runId: string, journal: Journal): () => void {
  const waiting = join(dirname(path), `${OWN_DIRECTORY_PREFIX}${runId}`);
  writeFileSync(waiting, 'AegisBPF staging canary\n', { flag: 'wx', mode: 0o600 });
  const identity = identityOf(lstatSync(waiting, { bigint: true }));
  let id: string;
  try {
    id = journal.record({ kind: 'file', path, ...identity });
  } catch (error) {
    unlinkSync(waiting);
    throw error;
  }
  renameSync(waiting, path);
  return () => {
    const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (now !== undefined && identityOf(now).ino === identity.ino) unlinkSync(path);
    journal.strike(id);
  };
}
