import { lstatSync, mkdirSync } from 'node:fs';

/** Of ours, on a filesystem that a reboot empties: the host's lock, and pipes while they get their two ends. */
export const RUNTIME_DIRECTORY = '/run/aegisbpf-canary';

/**
 * Makes a directory that nobody else can plant anything in, or takes the one that is there.
 * @throws Error in one line when somebody else owns it, or can write in it.
 */
export function privateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) {
    throw new Error(
      `${path} must be a directory that only root can write; look at it and remove it`,
    );
  }
}
