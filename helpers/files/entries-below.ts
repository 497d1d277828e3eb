import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface EntryBelow {
  /** From the folder on. */
  readonly path: string;
  readonly entry: Dirent;
}

/**
 * Everything below a folder, a folder before what is in it; no link is followed. Not `recursive: true`: Node then
 * goes into what a link leads to.
 */
export function entriesBelow(root: string, folder = ''): EntryBelow[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return [{ path, entry }, ...(entry.isDirectory() ? entriesBelow(root, path) : [])];
  });
}
