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
  writeFileSync,
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

/** Neither through a link nor waiting for the other end of a FIFO. */
const FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Notes a file that was made just now. Only of a run that goes on: a list that somebody removed is not begun anew, and
 * what works on a finished run needs none.
 * @throws Error when there is a list and it cannot be written: nobody would see that the file is lost.
 */
export function noteFile(root: string, path: string, beginning: Uint8Array, whole: boolean): void {
  const bytes = OF_THE_REVIEW.test(path) ? 0 : beginning.length;
  const sha256 = hash('sha256', beginning.subarray(0, bytes));
  const line: BegunFile = { path, bytes, sha256, whole };
  try {
    const list = openSync(join(root, FILES_FILE), constants.O_WRONLY | constants.O_APPEND | FLAGS);
    try {
      writeFileSync(list, `${JSON.stringify(line)}\n`);
    } finally {
      closeSync(list);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    throw new Error(
      `${FILES_FILE}, the list of what this run has made, cannot be written (${message}), so nobody would see that ${path} is lost`,
    );
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

function whyUnread(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'was removed' : `cannot be read any more (${code})`;
}

/** What became of a file, or undefined when it begins as it did. */
function whatBecameOf(root: string, { path, bytes, sha256 }: BegunFile): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(join(root, path), constants.O_RDONLY | FLAGS);
    const beginning = Buffer.alloc(bytes);
    const read = bytes === 0 ? 0 : readSync(descriptor, beginning, 0, bytes, 0);
    if (read === bytes && hash('sha256', beginning) === sha256) return undefined;
    return fstatSync(descriptor).size === 0 ? 'was emptied' : 'was replaced by another file';
  } catch (error) {
    return whyUnread(error);
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
    this.#held = openSync(join(root, FILES_FILE), constants.O_RDONLY | FLAGS);
    this.#size = fstatSync(this.#held).size;
  }

  /** Holds the list from now on; one that is lost already is told, for it names all others. */
  static hold(root: string): Pick<KeptFiles, 'lost'> {
    try {
      return new KeptFiles(root);
    } catch (error) {
      const what = whyUnread(error);
      return { lost: () => [lost(FILES_FILE, what)] };
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
    if (!same(now, held) || !now.isFile()) return 'was replaced by another file';
    return held.size < this.#size ? 'was emptied' : undefined;
  }
}
