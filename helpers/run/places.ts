import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { STATE_DIRECTORY } from '../changes/journal.ts';
import { plainFilesystem } from '../changes/own-file.ts';
import { RUNTIME_DIRECTORY } from '../files/private-directory.ts';
import { replaceable } from '../files/trusted-path.ts';
import { whyNot } from '../settings/cannot-begin.ts';
import type { Settings } from '../settings/settings.ts';

const MKFIFO = '/usr/bin/mkfifo';
/** A block of most filesystems: a full disk takes an empty file and refuses this. */
const TRIAL_BYTES = 4096;

/** The directory itself, or the nearest one above it that is there. */
function nearestThere(path: string): string {
  return existsSync(path) || path === '/' ? path : nearestThere(dirname(path));
}

/** `EROFS: read-only file system`, without the call and the path that were tried. */
const errno = (error: unknown) =>
  (error as Error).message.split('\n', 1)[0]?.replace(/^([A-Z]+: [^,]+), .*$/, '$1') ?? '';

/** Why nothing can be written at a place; undefined when it can, and then nothing of the trial stays. */
function unwritable(place: string, needsPipes: boolean): string | undefined {
  let trial: string | undefined;
  try {
    trial = mkdtempSync(join(nearestThere(place), '.aegisbpf-canary-'));
    writeFileSync(join(trial, 'trial'), Buffer.alloc(TRIAL_BYTES));
    if (needsPipes)
      execFileSync(MKFIFO, [join(trial, 'pipe')], { stdio: ['ignore', 'pipe', 'pipe'] });
    return undefined;
  } catch (error) {
    return errno(error);
  } finally {
    if (trial !== undefined) rmSync(trial, { recursive: true, force: true });
  }
}

/** The evidence's directory: it can be written, and nobody else can replace what is in it. */
export function outDirProblem(outDir: string): string | undefined {
  const other = replaceable(join(nearestThere(outDir), 'run'));
  const why =
    unwritable(outDir, false) ??
    (other === undefined ? undefined : `somebody else can replace it: ${other}`);
  return why === undefined
    ? undefined
    : `OUT_DIR=${outDir} cannot be written (${why}); name another with OUT_DIR`;
}

/** Every other place that a run writes in, tried before it begins: one line for each that cannot be written. */
export function placeProblems({ PROBE_DIR }: Settings): string[] {
  const ours = [
    { place: RUNTIME_DIRECTORY, what: 'the lock of this host and the pipes from the agent' },
    { place: STATE_DIRECTORY, what: 'the journal of what is to be undone' },
  ].flatMap(({ place, what }) => {
    const why = unwritable(place, place === RUNTIME_DIRECTORY);
    return why === undefined
      ? []
      : [`${place} cannot be written (${why}), and ${what} must be there`];
  });
  const why = probesProblem(PROBE_DIR);
  return why === undefined
    ? ours
    : [...ours, `PROBE_DIR=${PROBE_DIR} cannot be written (${why}); name another with PROBE_DIR`];
}

function probesProblem(directory: string): string | undefined {
  if (!existsSync(directory)) return 'there is no such directory';
  // An unsuitable filesystem is the precondition's to judge.
  const isPlain = whyNot(() => plainFilesystem(directory)) === undefined;
  return isPlain ? unwritable(directory, false) : undefined;
}
