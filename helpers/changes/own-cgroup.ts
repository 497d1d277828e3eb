import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from './journal.ts';
import { OWN_DIRECTORY_PREFIX } from './own-file.ts';

/** Where control groups of version 2 are mounted, alone or beside version 1. */
function cgroupMount(): string | undefined {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
}

/** An empty control group of ours below the root. @returns undefined where this host lets nobody make one. */
export function ownCgroup(journal: Journal): string | undefined {
  const mount = cgroupMount();
  if (mount === undefined) return undefined;
  let path: string;
  try {
    path = mkdtempSync(join(mount, OWN_DIRECTORY_PREFIX));
  } catch {
    return undefined;
  }
  const { dev, ino } = statSync(path, { bigint: true });
  try {
    journal.record({ kind: 'cgroup', path, dev: String(dev), ino: String(ino) });
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  return path;
}

/** A child of one of ours; it goes with it. */
export function ownChildCgroup(parent: string): string {
  const path = join(parent, CHILD);
  mkdirSync(path);
  return path;
}

const CHILD = 'child';

/** Removes a control group of ours; the kernel refuses while a process is in it. */
export function removeCgroup(path: string): void {
  const child = join(path, CHILD);
  if (existsSync(child)) rmdirSync(child);
  rmdirSync(path);
}
