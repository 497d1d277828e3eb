import { closeSync, constants, fchownSync, fstatSync, lchownSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { entriesBelow } from './entries-below.ts';

/**
 * Evidence of a run by sudo(8) belongs to whoever called it; the journal stays root's.
 * @param path of a directory, with all that is in it, or of a file. @param above directories that were made above it.
 */
export function giveToCaller(path: string, above: readonly string[] = []): void {
  const { SUDO_UID = '', SUDO_GID = '' } = process.env;
  const [uid, gid] = [Number.parseInt(SUDO_UID, 10), Number.parseInt(SUDO_GID, 10)];
  if (process.geteuid?.() !== 0 || Number.isNaN(uid) || Number.isNaN(gid)) return;
  const descriptor = openSync(path, constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    // By the open directory, and what is inside first: nobody can put a link in the way of what is still root's.
    const root = `/proc/self/fd/${descriptor}`;
    const inside = fstatSync(descriptor).isDirectory() ? entriesBelow(root) : [];
    for (const entry of inside.toReversed()) lchownSync(join(root, entry.path), uid, gid);
    fchownSync(descriptor, uid, gid);
    for (const directory of above.toReversed()) lchownSync(directory, uid, gid);
  } finally {
    closeSync(descriptor);
  }
}
