import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { whyNot } from '../settings/cannot-begin.ts';
import { StagingVmError } from './ending.ts';

/** Program or file → the Debian package it comes from. */
const NEEDED: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  debootstrap: 'debootstrap',
  mke2fs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  flock: 'util-linux',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
};

/** Where Debian keeps programs; root's PATH may lack the sbin folders after a plain `su`. */
export const PROGRAM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function isThere(name: string, searchPath: string): boolean {
  if (name.startsWith('/')) return existsSync(name);
  const why = (path: string) => whyNot(() => accessSync(path, constants.X_OK));
  return searchPath.split(':').some((folder) => why(join(folder, name)) === undefined);
}

/** Packages that this machine lacks, each once. */
export function missingPackages(searchPath: string = PROGRAM_PATH): string[] {
  const missing = Object.entries(NEEDED).filter(([name]) => !isThere(name, searchPath));
  return [...new Set(missing.map(([, debianPackage]) => debianPackage))];
}

/** @throws StagingVmError with the one command that helps, before anything was started. */
export function checkRequirements(searchPath: string = PROGRAM_PATH): void {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new StagingVmError('the staging VM needs Linux on x86-64; nothing was started');
  const missing = missingPackages(searchPath);
  if (missing.length > 0) {
    throw new StagingVmError(
      `missing Debian packages: ${missing.join(', ')}; install them with\n` +
        `  apt-get install --no-install-recommends -y ${missing.join(' ')}`,
    );
  }
  if (process.getuid?.() !== 0)
    throw new StagingVmError(
      'building the root file system must run as root; nothing was started. Put sudo in front',
    );
}
