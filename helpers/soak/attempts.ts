import { closeSync, linkSync, openSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { connectOnce, type Protocol } from './connects.ts';
import { runProgram } from './programs.ts';

/** How often a worker tried, and what came of it; every attempt ends in exactly one outcome. */
export interface AttemptCounts {
  attempts: number;
  allowed: number;
  eperm: number;
  otherErrno: Record<string, number>;
  /** Enforce signals that the worker, or a program that it ran, received. */
  signals: number;
}

export const ATTEMPT_KINDS = [
  ...['open', 'program', 'exec', 'mmap', 'hardlink', 'rename', 'symlink'],
  ...['tcp-connect', 'udp-connect'],
] as const;
export type AttemptKind =
  | 'open'
  | 'program'
  | 'exec'
  | 'mmap'
  | 'hardlink'
  | 'rename'
  | 'symlink'
  | `${Protocol}-connect`;

/** What a worker works on: a path, or `address:port`. */
export interface AttemptSubject {
  readonly target: string;
  /** The dynamic loader, for `mmap`. */
  readonly loader?: string | undefined;
}

/** Makes one attempt; a promise where its outcome comes later. */
export type Attempt = () => undefined | Promise<void>;

/** The attempts of a kind, counted into these counts. */
export function attemptsOf(
  kind: AttemptKind,
  { target, loader }: AttemptSubject,
  counts: AttemptCounts,
): Attempt {
  switch (kind) {
    case 'open':
      return () => openOnce(target, counts);
    case 'hardlink':
      return throughNewName(target, `${target}.hardlink`, linkSync, counts);
    case 'symlink':
      return throughNewName(target, `${target}.symlink`, symlinkSync, counts);
    case 'rename':
      return throughRenaming(target, counts);
    case 'program':
      return () => runProgram('/bin/cat', ['--', target], counts);
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

export function countErrno(counts: AttemptCounts, error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'EPERM') counts.eperm += 1;
  else counts.otherErrno[code] = (counts.otherErrno[code] ?? 0) + 1;
}

function openOnce(path: string, counts: AttemptCounts): undefined {
  counts.attempts += 1;
  try {
    closeSync(openSync(path, 'r'));
    counts.allowed += 1;
  } catch (error) {
    countErrno(counts, error);
  }
}

/** Each time by a name that is made for it and taken away: another path to the same inode. */
function throughNewName(
  target: string,
  name: string,
  make: (target: string, name: string) => void,
  counts: AttemptCounts,
): Attempt {
  return () => {
    make(target, name);
    try {
      openOnce(name, counts);
    } finally {
      unlinkSync(name);
    }
  };
}

/** The denied inode keeps its own name, by which its rule is removed; a second one is renamed each time. */
function throughRenaming(target: string, counts: AttemptCounts): Attempt {
  let name = `${target}.renamed-a`;
  linkSync(target, name);
  return () => {
    const next = name.endsWith('a') ? `${target}.renamed-b` : `${target}.renamed-a`;
    renameSync(name, next);
    name = next;
    openOnce(name, counts);
  };
}
