import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openByIoUring } from './io-uring.ts';
import { addressOf, call, map } from './libc.ts';
import { FILES, type Site } from './site.ts';
import type { Route } from './table.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_TRUNC, O_CREAT, O_DIRECTORY } = constants;
/** <fcntl.h>; Node names neither. */
export const O_PATH = 0o10000000;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const RENAME_EXCHANGE = 2;
const MS_BIND = 4096;
const MNT_DETACH = 2;
const HANDLE_BYTES = 128;
const OPENAT2 = 437;
const POINTER_BYTES = 8;
const EXECVEAT = process.arch === 'arm64' ? 281 : 322;
/** More files than this are not made to reach an inode number. */
const MAX_NUMBERS = 300_000;

/** The site as a probe process sees it: below a directory that a chroot may have made the root. */
export interface FileSite extends Pick<Site, 'numbered' | 'names' | 'hasSurvivor'> {
  readonly directory: string;
  /** Opened before the rule was made, by a process that lives that long. */
  readonly held: number | undefined;
  /** A file of a denied one's number, on a filesystem of the process's own; or why there is none. */
  readonly ofSameNumber?: string | Error;
}

const at = ({ directory }: FileSite, name: keyof typeof FILES) => join(directory, FILES[name]);

/** Opens it, and closes it when done. */
export function openAndClose(
  path: string,
  flags: number,
  use: (fd: number) => void = () => {},
): void {
  const fd = openSync(path, flags);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Opens it while something is done to its names, which is undone afterwards. */
export function openBetween(make: () => void, path: string, undo: () => void): void {
  make();
  try {
    openAndClose(path, O_RDONLY);
  } finally {
    undo();
  }
}

/** Does it under another name, which is gone again afterwards. */
function byNewName(
  make: (target: string, name: string) => void,
  file: 'secret' | 'linked' | 'byNumber',
) {
  return (site: FileSite) => {
    const name = join(site.directory, `made-${process.pid}`);
    openBetween(
      () => make(at(site, file), name),
      name,
      () => unlinkSync(name),
    );
  };
}

/** What an enforce signal ends never comes to tell its error. */
export class EndedBySignal extends Error {}

/** A refusal is the error of the program's start; a program that runs ends with 0. */
export function start(path: string, cwd?: string): void {
  const { error, status, signal } = spawnSync(path, [], { argv0: 'true', env: {}, cwd });
  if (error !== undefined) throw error;
  if (signal !== null) throw new EndedBySignal(`${path} ended with ${signal}`);
  if (status !== 0) throw new Error(`${path} ended with ${status}`);
}

export function openat2(path: string): void {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(O_RDONLY));
  const name = Buffer.from(`${path}\0`);
  const fd = call('syscall', OPENAT2, AT_FDCWD, addressOf(name), addressOf(how), how.length, 0, 0);
  closeSync(fd);
}

export function openByHandle(path: string): void {
  const handle = Buffer.alloc(8 + HANDLE_BYTES);
  handle.writeUInt32LE(HANDLE_BYTES);
  call('nameToHandle', AT_FDCWD, path, handle, Buffer.alloc(4), 0);
  openAndClose(join(path, '..'), O_RDONLY, (mount) =>
    closeSync(call('openByHandle', mount, handle, O_RDONLY)),
  );
}

function throughRename(site: FileSite): void {
  const [alias, name] = [at(site, 'linkedAlias'), join(site.directory, 'renamed')];
  openBetween(
    () => renameSync(alias, name),
    name,
    () => renameSync(name, alias),
  );
}

/** Opens one of two names while they are exchanged. */
function whileExchanged(name: 'linked' | 'linkedAlias', opened: 'linked' | 'stranger') {
  return (site: FileSite) => {
    const exchange = () =>
      call('renameat2', AT_FDCWD, at(site, name), AT_FDCWD, at(site, 'stranger'), RENAME_EXCHANGE);
    openBetween(exchange, at(site, opened), exchange);
  };
}

/** In a mount namespace of the process's own. */
export function throughBindMount(path: string, onto: string): void {
  openBetween(
    () => call('mount', path, onto, null, MS_BIND, null),
    onto,
    () => call('umount', onto, MNT_DETACH),
  );
}

/** The agent reads the beginning of the path alone, where a long directory would leave no room for the name. */
const startHere = (name: keyof Site['names']) => (site: FileSite) =>
  start(`./${site.names[name]}`, site.directory);

/** In a mount namespace of the process's own, each time with an empty upper layer. @param space where it is mounted. */
export function throughOverlay(path: string, space: string, flags: number): void {
  mkdirSync(space, { recursive: true });
  call('mount', 'tmpfs', space, 'tmpfs', 0, 'size=1m');
  try {
    for (const name of ['upper', 'work', 'merged']) mkdirSync(join(space, name));
    const merged = join(space, 'merged');
    const layers = `lowerdir=${dirname(path)},upperdir=${space}/upper,workdir=${space}/work`;
    call('mount', 'overlay', merged, 'overlay', 0, layers);
    openAndClose(join(merged, basename(path)), flags);
  } finally {
    call('umount', space, MNT_DETACH);
  }
}

const overlay = (flags: number) => (site: FileSite) =>
  throughOverlay(join(at(site, 'layers'), FILES.lower), at(site, 'mountPoint'), flags);

export function mapAfterOpen(path: string): void {
  // One byte: an earlier route may have emptied the file where nothing denied it.
  openAndClose(path, O_RDONLY, (fd) => map(fd, 1, 0, false)[Symbol.dispose]());
}

/** Replaces this very process where it is not refused. */
export function execveat(path: string, given: readonly string[] = ['true']): void {
  const fd = openSync(path, O_PATH);
  const texts = given.map((text) => Buffer.from(`${text}\0`));
  const list = Buffer.alloc(POINTER_BYTES * (texts.length + 1));
  for (const [index, text] of texts.entries())
    list.writeBigUInt64LE(addressOf(text), POINTER_BYTES * index);
  const empty = Buffer.from('\0');
  const none = Buffer.alloc(8);
  const pointers = [empty, list, none].map(addressOf);
  call('syscall', EXECVEAT, fd, ...pointers, AT_EMPTY_PATH, 0);
}

/** On a tmpfs of the process's own mount namespace files are made until one has the number. @throws Error where none gets it. */
export function makeSameNumber({
  numbered,
  directory,
}: Pick<Site, 'numbered' | 'directory'>): string {
  if (numbered === undefined) throw new Error('no denied file could be made on a tmpfs');
  const wanted = statSync(numbered).ino;
  const mountPoint = join(directory, FILES.mountPoint);
  mkdirSync(mountPoint, { recursive: true });
  call('mount', 'tmpfs', mountPoint, 'tmpfs', 0, 'nr_inodes=1000,size=1m');
  const path = join(mountPoint, 'same-number');
  for (let made = 0; made < MAX_NUMBERS; made += 1) {
    const fd = openSync(path, O_CREAT | O_WRONLY, 0o600);
    const { ino } = fstatSync(fd);
    closeSync(fd);
    if (ino === wanted) return path;
    unlinkSync(path);
    if (ino > wanted) break;
  }
  throw new Error(`a fresh tmpfs gives no file the inode number ${wanted}`);
}

function openSameNumber({ ofSameNumber }: FileSite): void {
  if (typeof ofSameNumber !== 'string')
    throw ofSameNumber ?? new Error('this process has no filesystem of its own');
  openAndClose(ofSameNumber, O_RDONLY);
}

const ofSurvivor =
  (file: 'survivor' | 'survivorTwin', use: (path: string) => void) => (site: FileSite) => {
    if (site.hasSurvivor !== true)
      throw new Error(
        'the agent had pins before the run: its survival list would keep our program',
      );
    use(at(site, file));
  };
const read = (path: string) => openAndClose(path, O_RDONLY);

const opens = (file: keyof typeof FILES, flags: number) => (site: FileSite) =>
  openAndClose(at(site, file), flags);

function held({ held: fd }: FileSite): number {
  if (fd === undefined) throw new Error('this process opened nothing before the rule');
  return fd;
}

/** How each route is taken; what fails throws, and its error says which call it was. */
export const FILE_ROUTES: Partial<Record<Route, (site: FileSite) => void>> = {
  read: opens('secret', O_RDONLY),
  write: opens('secret', O_WRONLY),
  'read-write': opens('secret', O_RDWR),
  append: opens('secret', O_WRONLY | O_APPEND),
  'truncate-on-open': opens('secret', O_WRONLY | O_TRUNC),
  'create-existing': opens('secret', O_RDONLY | O_CREAT),
  openat2: (site) => openat2(at(site, 'secret')),
  'folder-read': opens('folder', O_RDONLY | O_DIRECTORY),
  relative: (site) => openAndClose(`${at(site, 'elsewhere')}/../${FILES.secret}`, O_RDONLY),
  'open-by-handle': (site) => openByHandle(at(site, 'secret')),
  'io-uring': (site) => openByIoUring(at(site, 'secret')),
  'path-descriptor-reopened': (site) =>
    openAndClose(at(site, 'secret'), O_PATH, (fd) => openAndClose(`/proc/self/fd/${fd}`, O_RDONLY)),
  'proc-pid-root': (site) =>
    openAndClose(`/proc/${process.pid}/root${at(site, 'secret')}`, O_RDONLY),
  'proc-pid-cwd': (site) => {
    process.chdir(site.directory);
    openAndClose(`/proc/${process.pid}/cwd/${FILES.secret}`, O_RDONLY);
  },
  'symlink-before': opens('symlink', O_RDONLY),
  'rule-by-symlink': opens('viaSymlink', O_RDONLY),
  'symlink-after': byNewName(symlinkSync, 'secret'),
  'hardlink-before': opens('linkedAlias', O_RDONLY),
  'hardlink-after': byNewName(linkSync, 'linked'),
  rename: throughRename,
  exchange: whileExchanged('linkedAlias', 'stranger'),
  'bind-mount': (site) => throughBindMount(at(site, 'secret'), at(site, 'beside')),
  exec: (site) => start(at(site, 'program')),
  execveat: (site) => execveat(at(site, 'program')),
  interpreter: (site) => start(at(site, 'script')),
  'exec-by-name': startHere('denied'),
  'exec-by-name-far': (site) => start(join(at(site, 'far'), site.names.denied)),
  'exec-longer-name': startHere('longer'),
  'exec-other-name': startHere('other'),
  'overlay-read': overlay(O_RDONLY),
  'overlay-append': overlay(O_WRONLY | O_APPEND),
  'overlay-truncate': overlay(O_WRONLY | O_TRUNC),
  mmap: (site) => mapAfterOpen(at(site, 'secret')),
  truncate: (site) => call('truncate', at(site, 'secret'), 0),
  'held-read': (site) => readSync(held(site), Buffer.alloc(1), 0, 1, 0),
  'held-write': (site) => writeSync(held(site), Buffer.from('\n'), 0, 1, 0),
  'path-descriptor': opens('secret', O_PATH),
  stat: (site) => statSync(at(site, 'secret')),
  beside: opens('beside', O_RDONLY),
  'same-number': openSameNumber,
  'same-name': (site) => openAndClose(join(at(site, 'elsewhere'), FILES.secret), O_RDONLY),
  copy: opens('copy', O_RDONLY),
  'survivor-read': ofSurvivor('survivor', read),
  'survivor-exec': ofSurvivor('survivor', start),
  'twin-read': ofSurvivor('survivorTwin', read),
  'twin-exec': ofSurvivor('survivorTwin', start),
  'number-read': opens('byNumber', O_RDONLY),
  'number-append': opens('byNumber', O_WRONLY | O_APPEND),
  'number-hardlink': byNewName(linkSync, 'byNumber'),
  'number-other-device': opens('otherDevice', O_RDONLY),
  'number-other-half': opens('otherHalf', O_RDONLY),
  'hashed-read': opens('hashed', O_RDONLY),
  'hashed-exec': (site) => start(at(site, 'hashed')),
  'hashed-twin-read': opens('hashedTwin', O_RDONLY),
  'hashed-other-byte': opens('hashedOtherByte', O_RDONLY),
  'hashed-elsewhere': opens('hashedElsewhere', O_RDONLY),
  'guarded-read': opens('guarded', O_RDONLY),
  'guarded-append': opens('guarded', O_WRONLY | O_APPEND),
  'scoped-read': opens('scoped', O_RDONLY),
  'scoped-append': opens('scoped', O_WRONLY | O_APPEND),
  replaced: whileExchanged('linked', 'linked'),
};
