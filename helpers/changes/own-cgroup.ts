import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupMounts } from '../host/process-facts.ts';
import type { Journal } from './journal.ts';
import { OWN_DIRECTORY_PREFIX, recorded } from './own-file.ts';

/** An empty control group of ours below the root. @param name stands in the name that it gets. @returns undefined where this host lets nobody make one. */
export function ownCgroup(journal: Journal, name = ''): string | undefined {
  const [mount] = cgroupMounts();
  if (mount === undefined) return undefined;
  let path: string;
  try {
    path = mkdtempSync(join(mount, `${OWN_DIRECTORY_PREFIX}${name}`));
  } catch {
    return undefined;
  }
  return recorded('cgroup', path, journal);
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
