/**
 * Makes verified programs, and programs that lack one thing for that, and lets each read a free and a protected file. They
 * lie on a filesystem with fs-verity of our own, which is mounted in this process's own mount namespace and goes with it.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { call, SystemCallError } from './libc.ts';
import {
  type Ending,
  type Program,
  type ProgramsOrder,
  programs,
  type TriedPrograms,
} from './verified-program.ts';

const CLONE_NEWNS = 0x0002_0000;
const [MS_BIND, MS_REC, MS_PRIVATE] = [1 << 12, 1 << 14, 1 << 18];
/** FS_IOC_ENABLE_VERITY (<linux/fsverity.h>); version 1, SHA-256, blocks of 4096 bytes. */
const ENABLE_VERITY = 0x4080_6685;
const ARGUMENT_BYTES = 128;
const BLOCK_BYTES = 4096;
const READER = '/bin/cat';
const MKFS = ['/usr/sbin/mkfs.ext4', '/sbin/mkfs.ext4'];
const MOUNT = ['/usr/bin/mount', '/bin/mount'];
/** What of a host stands there is hidden from this process alone. */
const BELOW_USR = ['/usr/src', '/usr/games', '/usr/local/src'];
const NOBODY = 65_534;

/** The host cannot do what a verified program takes. */
class Impossible extends Error {}

function firstOf(paths: readonly string[]): string {
  const path = paths.find((one) => existsSync(one));
  if (path === undefined) throw new Impossible(`this host has no ${paths.join(' and no ')}`);
  return path;
}

function ran(program: string, ...args: readonly string[]): Ending {
  const { status, stderr, error } = spawnSync(program, args, {
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  return { exitCode: status, said: error?.message ?? stderr.slice(0, 500) };
}

function must(program: string, ...args: readonly string[]): void {
  const { exitCode, said } = ran(program, ...args);
  if (exitCode !== 0)
    throw new Impossible(`${program} exited with ${exitCode}: ${said.trim().split('\n')[0]}`);
}

function enableVerity(path: string): void {
  const argument = Buffer.alloc(ARGUMENT_BYTES);
  argument.writeUInt32LE(1, 0);
  argument.writeUInt32LE(1, 4);
  argument.writeUInt32LE(BLOCK_BYTES, 8);
  const fd = openSync(path, 'r');
  try {
    call('ioctl', fd, ENABLE_VERITY, argument);
  } catch (error) {
    throw new Impossible(`its kernel puts no fs-verity on a file of ext4 (${error})`);
  } finally {
    closeSync(fd);
  }
}

/** A filesystem with fs-verity, mounted below /usr and in a directory of ours. */
function mounted(directory: string): { readonly usr: string; readonly elsewhere: string } {
  const [image, elsewhere] = ['image', 'mounted'].map((name) => join(directory, name));
  if (image === undefined || elsewhere === undefined) throw new Error('unreachable');
  writeFileSync(image, '', { flag: 'wx', mode: 0o600 });
  truncateSync(image, 16 * 1024 ** 2 + 2 * programs.length * statSync(READER).size);
  mkdirSync(elsewhere);
  const usr = firstOf(BELOW_USR);
  must(firstOf(MKFS), '-q', '-F', '-O', 'verity', '-b', `${BLOCK_BYTES}`, image);
  call('unshare', CLONE_NEWNS);
  call('mount', null, '/', null, MS_REC | MS_PRIVATE, null);
  must(firstOf(MOUNT), '-t', 'ext4', '-o', 'loop', image, elsewhere);
  call('mount', elsewhere, usr, null, MS_BIND, null);
  return { usr, elsewhere };
}

/** In a directory each, for a program of several goes by its name. */
function make(program: Program, place: string): void {
  const path = join(place, program, 'cat');
  mkdirSync(join(place, program));
  copyFileSync(READER, path);
  chownSync(path, program === 'not-root' ? NOBODY : 0, 0);
  chmodSync(path, program === 'writable' ? 0o775 : 0o755);
  if (program !== 'no-verity') enableVerity(path);
}

function tryPrograms(order: ProgramsOrder): TriedPrograms {
  try {
    const { usr, elsewhere } = mounted(order.directory);
    for (const program of programs) make(program, usr);
    return {
      programs: programs.map((program) => {
        const path = join(program === 'elsewhere' ? elsewhere : usr, program, 'cat');
        return {
          ...{ program, free: ran(path, order.free) },
          protected: ran(path, order.protected),
        };
      }),
    };
  } catch (error) {
    if (error instanceof Impossible || error instanceof SystemCallError)
      return { impossible: error.message };
    throw error;
  }
}

process.send?.(tryPrograms(JSON.parse(process.argv[2] ?? '')));
