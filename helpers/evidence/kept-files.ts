import { hash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseNdjson } from '../files/ndjson.ts';

/** Each file that a run made, and how it begins; gone once the seal holds every file's hash. */
export const FILES_FILE = 'files.ndjson';

const begunFile = z.object({
  path: z.string(),
  /** That many bytes at its beginning have this hash, which no filesystem changes as it may an inode number. */
  bytes: z.int().nonnegative(),
  sha256: z.string(),
  /** Written whole, in the place of what was there. */
  whole: z.boolean(),
});
type BegunFile = z.output<typeof begunFile>;

/** A person may edit it while a run goes on; a table of it is made from it. */
export const OF_THE_REVIEW = /^review\.(yaml|csv)$/;

/**
 * Notes a file that was made just now. Only of a run that goes on: a list that somebody removed is not begun anew, and
 * what works on a finished run needs none.
 */
export function noteFile(root: string, path: string, beginning: Uint8Array, whole: boolean): void {
  const bytes = OF_THE_REVIEW.test(path) ? 0 : beginning.length;
  const sha256 = hash('sha256', beginning.subarray(0, bytes));
  const line: BegunFile = { path, bytes, sha256, whole };
  try {
    const list = openSync(join(root, FILES_FILE), constants.O_WRONLY | constants.O_APPEND);
    writeSync(list, `${JSON.stringify(line)}\n`);
    closeSync(list);
  } catch {
    // On a full disk the file is not watched; that the disk is full is told by whatever else is written.
  }
}

function begunFiles(text: string): Map<string, BegunFile> {
  const files = new Map<string, BegunFile>();
  for (const value of parseNdjson(text).values) {
    const file = begunFile.safeParse(value).data;
    // What is begun a second time was lost before: its first beginning counts.
    if (file !== undefined && (file.whole || !files.has(file.path))) files.set(file.path, file);
  }
  return files;
}

/** True when the run once made this file, whether it is there or not. */
export function wasMade(root: string, path: string): boolean {
  try {
    return begunFiles(readFileSync(join(root, FILES_FILE), 'utf8')).has(path);
  } catch {
    return false;
  }
}

/** What became of a file, or undefined when it begins as it did. */
function whatBecameOf(root: string, { path, bytes, sha256 }: BegunFile): string | undefined {
  let descriptor: number | undefined;
  try {
    // Neither through a link nor waiting for the other end of a FIFO.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    descriptor = openSync(join(root, path), flags);
    const beginning = Buffer.alloc(bytes);
    const read = bytes === 0 ? 0 : readSync(descriptor, beginning, 0, bytes, 0);
    if (read === bytes && hash('sha256', beginning) === sha256) return undefined;
    return fstatSync(descriptor).size === 0 ? 'was emptied' : 'was replaced by another file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'was removed' : `cannot be read any more (${code})`;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

const lost = (path: string, what: string) =>
  `${path}, evidence of this run, ${what} while the run went on: this suite did not do that, somebody on this host did`;

/** The files that a run has made, by a list that is held open: whoever removes the list hides nothing. */
export class KeptFiles {
  readonly #root: string;
  readonly #held: number;
  readonly #size: number;

  private constructor(root: string) {
    this.#root = root;
    this.#held = openSync(join(root, FILES_FILE), constants.O_RDONLY | constants.O_NOFOLLOW);
    this.#size = fstatSync(this.#held).size;
  }

  /** Holds the list from now on; undefined where there is none. */
  static hold(root: string): KeptFiles | undefined {
    try {
      return new KeptFiles(root);
    } catch {
      return undefined;
    }
  }

  /** Each file that is gone, emptied or another one, in words that blame nobody by name. */
  lost(): string[] {
    const files = [...begunFiles(readFileSync(this.#held, 'utf8')).values()];
    const list = this.#whatBecameOfTheList();
    return [
      ...(list === undefined ? [] : [lost(FILES_FILE, list)]),
      ...files.flatMap((file) => {
        const what = whatBecameOf(this.#root, file);
        return what === undefined ? [] : [lost(file.path, what)];
      }),
    ];
  }

  #whatBecameOfTheList(): string | undefined {
    const same = (a: Stats, b: Stats) => a.dev === b.dev && a.ino === b.ino;
    const held = fstatSync(this.#held);
    const now = statSync(join(this.#root, FILES_FILE), { throwIfNoEntry: false });
    if (now === undefined) return 'was removed';
    if (!same(now, held)) return 'was replaced by another file';
    return held.size < this.#size ? 'was emptied' : undefined;
  }
}
