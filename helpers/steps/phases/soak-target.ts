import { lstatSync, realpathSync } from 'node:fs';
import { knownFile, type OwnFile, ownFile, plainFilesystem } from '../../changes/own-file.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import { readRegularBytes } from '../../files/regular-file.ts';
import type { Settings } from '../../settings/settings.ts';

/** The canary compares contents; a target beyond this is not the small file it needs. */
const MAX_TARGET_BYTES = 1024 * 1024;

/** The file that the soak opens: one of our own, or the operator's SOAK_BLOCK_PATH. */
export function soakTarget(settings: Settings, directory: string): OwnFile {
  const path = settings.SOAK_BLOCK_PATH;
  if (path === undefined) return ownFile(directory, 'soak');
  const stat = lstatSync(path, { throwIfNoEntry: false });
  const source = 'SOAK_BLOCK_PATH';
  const isItself = stat?.isFile() === true && stat.nlink === 1 && realpathSync(path) === path;
  if (!isItself || stat.size > MAX_TARGET_BYTES) {
    throw noEvidence(
      `SOAK_BLOCK_PATH=${path} must be a regular file (no link on its way, no second hard link) of at most ${MAX_TARGET_BYTES} bytes that only your test reads`,
      { value: path, source },
    );
  }
  plainFilesystem(path);
  return knownFile(path, readRegularBytes(path).toString('utf8'));
}
