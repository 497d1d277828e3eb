import { constants, linkSync, renameSync, symlinkSync, unlinkSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SideOperation } from '../settings/knobs.ts';
import {
  mapAfterOpen,
  O_PATH,
  openAndClose,
  openat2,
  openBetween,
  openByHandle,
  start,
  throughBindMount,
  throughOverlay,
} from './file-routes.ts';
import { openByIoUring } from './io-uring.ts';
import { call } from './libc.ts';

const { O_RDONLY, O_WRONLY, O_APPEND, O_TRUNC, O_CREAT } = constants;
/** nobody: owns nothing that a route needs. */
export const ORDINARY_USER = 65_534;
/** Of the calling thread alone, in which this process goes on as root. */
const SETRESUID = process.arch === 'arm64' ? 147 : 117;

/** Takes a route to the file at this path. */
export type TakeFile = (path: string, content: string) => void | Promise<void>;

const opens =
  (flags: number): TakeFile =>
  (path) =>
    openAndClose(path, flags);

/** By a name that is made for it, and gone again afterwards: the file itself keeps its own. */
const byNewName =
  (make: (path: string, name: string) => void): TakeFile =>
  (path) => {
    const name = `${path}.made`;
    openBetween(
      () => make(path, name),
      name,
      () => unlinkSync(name),
    );
  };

function renamed(path: string, name: string): void {
  linkSync(path, `${name}-first`);
  renameSync(`${name}-first`, name);
}

/** What was emptied holds the same again, by the same descriptor. */
const openTruncate: TakeFile = (path, content) =>
  openAndClose(path, O_WRONLY | O_TRUNC, (fd) => writeSync(fd, content));

function asOrdinaryUser(path: string): void {
  const become = (id: number) => call('syscall', SETRESUID, id, id, 0, 0, 0, 0);
  become(ORDINARY_USER);
  try {
    openAndClose(path, O_RDONLY);
  } finally {
    become(0);
  }
}

/** Node opens by promises in its thread pool. */
const inThread: TakeFile = async (path) => (await open(path)).close();

/** Names beside the denied file; the first two are there before any route is taken. */
export const besides = (path: string) => ({
  script: `${path}.script`,
  mountedOver: `${path}.other`,
  mountPoint: `${path}.mount`,
});

/** How the soak takes each route to one denied file, again and again. */
export const SOAK_FILE_ROUTES: Readonly<Record<SideOperation, TakeFile>> = {
  write: opens(O_WRONLY),
  append: opens(O_WRONLY | O_APPEND),
  'open-truncate': openTruncate,
  create: opens(O_RDONLY | O_CREAT),
  openat2,
  handle: openByHandle,
  'io-uring': openByIoUring,
  'proc-fd': (path) =>
    openAndClose(path, O_PATH, (fd) => openAndClose(`/proc/self/fd/${fd}`, O_RDONLY)),
  'proc-root': (path) => openAndClose(`/proc/${process.pid}/root${path}`, O_RDONLY),
  'proc-cwd': (path) => {
    process.chdir(dirname(path));
    openAndClose(join('/proc', String(process.pid), 'cwd', basename(path)), O_RDONLY);
  },
  symlink: byNewName(symlinkSync),
  hardlink: byNewName(linkSync),
  rename: byNewName(renamed),
  'bind-mount': (path) => throughBindMount(path, besides(path).mountedOver),
  'overlay-read': (path) => throughOverlay(path, besides(path).mountPoint, O_RDONLY),
  exec: (path) => start(path),
  interpreter: (path) => start(besides(path).script),
  mmap: mapAfterOpen,
  user: asOrdinaryUser,
  thread: inThread,
};
