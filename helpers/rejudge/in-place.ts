import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FILES_FILE } from '../evidence/kept-files.ts';
import { judgingCopy, placeOf } from '../evidence/run-directory.ts';

/** The sealed run for the moment in which its successor takes its place. */
const former = (finished: string) => join(dirname(finished), `.${basename(finished)}.former`);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Copies that a judging which was killed left behind; those of a process that runs are its own. */
function removeStaleCopies(finished: string): void {
  const parent = dirname(finished);
  for (const name of readdirSync(parent)) {
    const pid = Number(/\.judging-(\d+)$/.exec(name)?.[1]);
    const path = join(parent, name);
    if (path === judgingCopy(finished, pid) && !isAlive(pid))
      rmSync(path, { recursive: true, force: true });
  }
}

/** A judging that was killed between two renames left the sealed run beside its place: it goes back. */
export function backInPlace(finished: string): void {
  const kept = former(finished);
  if (existsSync(kept) && !existsSync(finished)) renameSync(kept, finished);
}

/**
 * Copies a finished run to where it is judged. What is interrupted from here on leaves the sealed run as it was.
 * @param target an empty directory, made for this.
 */
export function copyToJudge(finished: string, target: string): void {
  removeStaleCopies(finished);
  // On Ctrl-C vitest ends its process without any hook.
  process.once('exit', () => rmSync(target, { recursive: true, force: true }));
  // A run that was never sealed still has its list; the copy has its own.
  for (const name of readdirSync(finished).filter((one) => one !== FILES_FILE))
    cpSync(join(finished, name), join(target, name), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
      errorOnExist: true,
    });
}

/** Puts a sealed copy in the place of its run. Node has no rename that exchanges two directories, so there are two of them. */
export function putInPlace(copy: string): void {
  const finished = placeOf(copy);
  const kept = former(finished);
  rmSync(kept, { recursive: true, force: true });
  renameSync(finished, kept);
  try {
    renameSync(copy, finished);
  } catch (error) {
    renameSync(kept, finished);
    throw error;
  }
  rmSync(kept, { recursive: true, force: true });
}
