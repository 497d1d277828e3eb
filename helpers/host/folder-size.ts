import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const BYTES_PER_KB = 1024;
const GONE = 'ENOENT';

/** Bytes of the files below a path; what goes while it is looked at takes none. */
function bytesBelow(path: string): number {
  try {
    const stat = lstatSync(path);
    if (!stat.isDirectory()) return stat.isFile() ? stat.size : 0;
    return readdirSync(path).reduce((sum, name) => sum + bytesBelow(join(path, name)), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === GONE) return 0;
    throw error;
  }
}

/** Size of all files in a folder, in KiB, links not followed; 0 where there is none, undefined where it may not be read. */
export function folderKb(path: string): number | undefined {
  try {
    return Math.ceil(bytesBelow(path) / BYTES_PER_KB);
  } catch {
    return undefined;
  }
}
