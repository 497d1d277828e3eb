import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import type { PieceName } from './pieces.ts';

/**
 * The calls themselves, by the C library that this process is linked with and with as little around them as can be: what Node
 * does in openSync takes as long as the system call, and would hide half of what the agent adds.
 */
const libc = koffi.load(null);
const open = libc.func('int open(const void *path, int flags)');
const close = libc.func('int close(int fd)');
const pread = libc.func('long pread(int fd, void *bytes, size_t size, int64 offset)');
const statx = libc.func('int statx(int at, const void *path, int flags, uint mask, void *result)');
const socket = libc.func('int socket(int family, int type, int protocol)');
const bind = libc.func('int bind(int fd, void *address, uint length)');
const listen = libc.func('int listen(int fd, int backlog)');
const accept = libc.func('int accept(int fd, void *address, void *length)');
const connect = libc.func('int connect(int fd, void *address, uint length)');
const getsockname = libc.func('int getsockname(int fd, void *address, void *length)');
const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, void *value, uint length)',
);
const posixSpawn = libc.func(
  'int posix_spawn(void *pid, const void *path, void *actions, void *attributes, void *arguments, void *environment)',
);
const waitpid = libc.func('int waitpid(int pid, void *status, int options)');

/** <fcntl.h>, <linux/stat.h>, <sys/socket.h>: the same on x64 and arm64. */
const [O_RDONLY, O_CLOEXEC, AT_FDCWD, STATX_BASIC_STATS] = [0, 0o2000000, -100, 0x7ff];
const [AF_INET, SOCK_STREAM, SOCK_DGRAM, SOCK_CLOEXEC] = [2, 1, 2, 0o2000000];
const [SOCK_NONBLOCK, BACKLOG] = [0o4000, 128];
const [SOL_SOCKET, SO_LINGER] = [1, 13];
const READ_BYTES = 4096;
const { EPERM, ENOTDIR } = constants.errno;
const DISCARD_PORT = 9;

const text = (value: string) => Buffer.from(`${value}\0`);

/** A call that the kernel refused, or a program that ended as it should not. */
export class Refused extends Error {
  readonly call: string;
  readonly errno: string;
  constructor(call: string, errno: string) {
    super(`${call}: ${errno}`);
    this.call = call;
    this.errno = errno;
  }
}

const errnoName = (errno: number) => (errno === 0 ? 'none' : getSystemErrorName(-errno));

function checked(result: number, call: string): number {
  if (result >= 0) return result;
  throw new Refused(call, getSystemErrorName(-koffi.errno()));
}

/** An address on the loopback, as the kernel reads it. */
function loopback(port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET);
  bytes.writeUInt16BE(port, 2);
  bytes.set([127, 0, 0, 1], 4);
  return bytes;
}

/** Opens a file once. @throws Refused. */
export function openOnce(path: Buffer): void {
  close(checked(open(path, O_RDONLY | O_CLOEXEC) as number, 'open'));
}

/** The same of a file that nobody may open. @throws Refused where it is opened, or is not there. */
export function openRefused(path: Buffer): void {
  const fd = open(path, O_RDONLY | O_CLOEXEC) as number;
  if (fd < 0 && koffi.errno() === EPERM) return;
  if (fd >= 0) close(fd);
  throw new Refused('open', fd < 0 ? getSystemErrorName(-koffi.errno()) : 'none');
}

export const pathBytes = text;

function tcpConnect(): Once {
  const kind = SOCK_STREAM | SOCK_CLOEXEC;
  const listener = checked(socket(AF_INET, kind | SOCK_NONBLOCK, 0) as number, 'socket');
  checked(bind(listener, loopback(0), 16) as number, 'bind');
  checked(listen(listener, BACKLOG) as number, 'listen');
  const [to, length] = [Buffer.alloc(16), Buffer.alloc(4)];
  length.writeUInt32LE(to.length);
  checked(getsockname(listener, to, length) as number, 'getsockname');
  // Closed by a reset, so that no port waits (TIME_WAIT).
  const atOnce = Buffer.alloc(8);
  atOnce.writeInt32LE(1);
  return {
    once: () => {
      const client = checked(socket(AF_INET, kind, 0) as number, 'socket');
      setsockopt(client, SOL_SOCKET, SO_LINGER, atOnce, atOnce.length);
      const connected = connect(client, to, to.length) as number;
      if (connected < 0) checked(connected, 'connect');
      close(client);
    },
    // All that came so far: one that was reset early never comes, and nobody may wait for it.
    between: () => {
      for (;;) {
        const accepted = accept(listener, null, null) as number;
        if (accepted < 0) break;
        close(accepted);
      }
    },
  };
}

/** One piece of work: what is timed, and what is got ready and tidied up without being timed. */
interface Once {
  readonly begin?: () => void;
  readonly once: () => void;
  readonly between?: () => void;
}

/** Makes the pieces ready. @param path of a file with at least READ_BYTES bytes that no rule names. */
export function makePieces(path: string): Readonly<Record<PieceName, Once>> {
  const file = text(path);
  let held = -1;
  const bytes = Buffer.alloc(READ_BYTES);
  const status = Buffer.alloc(256);
  const discard = loopback(DISCARD_PORT);
  const program = text('/bin/true');
  // Below what is no directory there can be none: the process is made and ends, and nothing is started.
  const absent = text('/dev/null/absent');
  // A program without a variable; its only argument is its name.
  const [words, none] = [Buffer.alloc(16), Buffer.alloc(8)];
  words.writeBigUInt64LE(BigInt(koffi.address(program)));
  const [pid, ended] = [Buffer.alloc(4), Buffer.alloc(4)];
  return {
    open: { once: () => openOnce(file) },
    stat: {
      once: () => {
        checked(statx(AT_FDCWD, file, 0, STATX_BASIC_STATS, status) as number, 'statx');
      },
    },
    read: {
      // Anew each time: of a file from before its start an agent may not be asked any more.
      begin: () => {
        if (held >= 0) close(held);
        held = checked(open(file, O_RDONLY | O_CLOEXEC) as number, 'open');
      },
      once: () => {
        checked(pread(held, bytes, READ_BYTES, 0) as number, 'pread');
      },
    },
    fork: {
      once: () => {
        const errno = posixSpawn(pid, absent, null, null, words, none) as number;
        if (errno !== ENOTDIR) throw new Refused('posix_spawn', errnoName(errno));
      },
    },
    exec: {
      once: () => {
        const errno = posixSpawn(pid, program, null, null, words, none) as number;
        if (errno !== 0) throw new Refused('posix_spawn', errnoName(errno));
        checked(waitpid(pid.readInt32LE(), ended, 0) as number, 'waitpid');
        const end = ended.readInt32LE();
        if (end !== 0) throw new Refused('/bin/true', `wait status ${end}`);
      },
    },
    'tcp-connect': tcpConnect(),
    'udp-connect': {
      once: () => {
        const client = checked(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) as number, 'socket');
        // No packet is sent.
        checked(connect(client, discard, discard.length) as number, 'connect');
        close(client);
      },
    },
  };
}
