import {
  closeSync,
  constants,
  linkSync,
  openSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import type { AttemptCounts, AttemptKind } from './attempt-counts.ts';
import { connectOnce } from './connects.ts';
import { countErrno } from './count-errno.ts';
import type { LatencyHistogram } from './open-latency.ts';
import { ORDINARY_PROGRAM, runProgram } from './programs.ts';

/** What a worker works on: a path, or `address:port`. */
export interface AttemptSubject {
  readonly target: string;
  /** The dynamic loader, for `mmap`. */
  readonly loader?: string | undefined;
}

/** What a worker keeps of its attempts. */
export interface AttemptRecord {
  readonly counts: AttemptCounts;
  /** Of opens in the worker's own process: a program's would be mostly its start. */
  readonly latency: LatencyHistogram;
}

/** Makes one attempt; a promise where its outcome comes later. */
export type Attempt = () => undefined | Promise<void>;

/** The attempts of a kind, counted into these counts. */
export function attemptsOf(
  kind: AttemptKind,
  { target, loader }: AttemptSubject,
  record: AttemptRecord,
): Attempt {
  const { counts } = record;
  switch (kind) {
    case 'open':
      return () => openOnce(target, record);
    case 'hardlink':
      return throughNewName(target, `${target}.hardlink`, ['link', linkSync], record);
    case 'symlink':
      return throughNewName(target, `${target}.symlink`, ['symlink', symlinkSync], record);
    case 'rename':
      return throughRenaming(target, record);
    case 'program':
      return () => runProgram(ORDINARY_PROGRAM, ['--', target], counts);
    case 'exec':
      return () => runProgram(target, [], counts);
    case 'mmap':
      return () => runProgram(loader ?? '', ['--verify', target], counts);
    case 'tcp-connect':
      return () => connectOnce('tcp', target, counts);
    case 'udp-connect':
      return () => connectOnce('udp', target, counts);
  }
}

function openOnce(path: string, { counts, latency }: AttemptRecord): undefined {
  counts.attempts += 1;
  const begun = performance.now();
  try {
    const descriptor = openSync(path, constants.O_RDONLY);
    latency.record(performance.now() - begun);
    closeSync(descriptor);
    counts.allowed += 1;
  } catch (error) {
    latency.record(performance.now() - begun);
    countErrno(counts, error);
  }
}

/** Each time by a name that is made for it and taken away: another path to the same inode. */
function throughNewName(
  target: string,
  name: string,
  [call, make]: readonly [string, (target: string, name: string) => void],
  record: AttemptRecord,
): Attempt {
  return () => {
    if (!isMade(record.counts, call, () => make(target, name))) return;
    openOnce(name, record);
    try {
      unlinkSync(name);
    } catch {
      // The next attempt meets the name that is still there, and counts that.
    }
  };
}

/** The denied inode keeps its own name, by which its rule is removed; a second one is renamed each time. */
function throughRenaming(target: string, record: AttemptRecord): Attempt {
  let name: string | undefined;
  return () => {
    if (name === undefined) {
      const first = `${target}.renamed-a`;
      if (!isMade(record.counts, 'link', () => linkSync(target, first))) return;
      name = first;
    }
    const [from, to] = [name, `${target}.renamed-${name.endsWith('a') ? 'b' : 'a'}`];
    if (!isMade(record.counts, 'rename', () => renameSync(from, to))) return;
    name = to;
    openOnce(to, record);
  };
}

/** Makes the other path. A refusal, an agent's perhaps, is the attempt's outcome: there is nothing to open. */
function isMade(counts: AttemptCounts, call: string, make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    counts.attempts += 1;
    countErrno(counts, { code: `${code} from ${call}` });
    return false;
  }
}
