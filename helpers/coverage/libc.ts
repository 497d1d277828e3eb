import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/** System calls that Node does not make, by the C library that this process is linked with. */
const library = koffi.load(null);
const prototypes = {
  syscall: 'long syscall(long number, int64 a, int64 b, int64 c, int64 d, int64 e, int64 f)',
  truncate: 'int truncate(const char *path, int64 length)',
  renameat2: 'int renameat2(int from, const char *name, int to, const char *other, uint flags)',
  nameToHandle:
    'int name_to_handle_at(int at, const char *path, void *handle, void *mount, int flags)',
  openByHandle: 'int open_by_handle_at(int mount, void *handle, int flags)',
  mount:
    'int mount(const char *source, const char *target, const char *type, ulong flags, const char *data)',
  chroot: 'int chroot(const char *path)',
  ptrace: 'long ptrace(int request, int pid, int64 address, int64 data)',
  prctl: 'int prctl(int option, ulong a, ulong b, ulong c, ulong d)',
  unshare: 'int unshare(int flags)',
  munmap: 'int munmap(int64 at, size_t size)',
  mmap: 'void *mmap(void *at, size_t size, int prot, int flags, int fd, int64 offset)',
  socket: 'int socket(int family, int type, int protocol)',
  bind: 'int bind(int fd, void *address, uint length)',
  connect: 'int connect(int fd, void *address, uint length)',
  listen: 'int listen(int fd, int backlog)',
  accept: 'int accept(int fd, void *address, void *length)',
  recv: 'long recv(int fd, void *bytes, size_t size, int flags)',
  umount: 'int umount2(const char *target, int flags)',
  setsockopt: 'int setsockopt(int fd, int level, int name, void *value, uint length)',
  getsockname: 'int getsockname(int fd, void *address, void *length)',
  sendto: 'long sendto(int fd, void *bytes, size_t size, int flags, void *to, uint length)',
  sendmsg: 'long sendmsg(int fd, void *message, int flags)',
  sendmmsg: 'int sendmmsg(int fd, void *messages, uint count, int flags)',
  ioctl: 'int ioctl(int fd, ulong request, void *argument)',
  close: 'int close(int fd)',
  dlsym: 'void *dlsym(void *library, const char *name)',
  threadCreate: 'int pthread_create(void *thread, void *attributes, void *start, void *argument)',
  threadJoin: 'int pthread_join(uint64 thread, void *result)',
} as const;

/** A failed system call, as Node's own errors tell it. */
export class SystemCallError extends Error {
  readonly code: string;
  constructor(name: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${name}: ${code}`);
    this.code = code;
  }
}

type Argument = number | bigint | string | Buffer | null;
const functions = new Map<string, (...args: readonly Argument[]) => unknown>();

function made(name: keyof typeof prototypes, ...args: readonly Argument[]): unknown {
  const known = functions.get(name) ?? library.func(prototypes[name]);
  functions.set(name, known);
  return known(...args);
}

/** Calls a function of the C library. @throws SystemCallError when it says -1. */
export function call(name: keyof typeof prototypes, ...args: readonly Argument[]): number {
  const result = Number(made(name, ...args));
  if (result === -1) throw new SystemCallError(name, koffi.errno());
  return result;
}

/** Bytes of a mapped file, until they are disposed of. */
class Mapping extends DataView<ArrayBuffer> {
  readonly #at: bigint;

  constructor(at: unknown, size: number) {
    super(koffi.view(at, size));
    this.#at = BigInt(koffi.address(at));
  }

  [Symbol.dispose](): void {
    call('munmap', this.#at, this.byteLength);
  }
}

/** Maps a file. */
export function map(fd: number, size: number, offset: number, writable: boolean): Mapping {
  const [PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE] = [1, 2, 1, 2];
  const access = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const at = made('mmap', null, size, access, writable ? MAP_SHARED : MAP_PRIVATE, fd, offset);
  if (koffi.address(at) === 0xffff_ffff_ffff_ffffn)
    throw new SystemCallError('mmap', koffi.errno());
  return new Mapping(at, size);
}

/** Where these bytes are, for structures that hold pointers. */
export const addressOf = (bytes: Buffer): bigint => BigInt(koffi.address(bytes));

/** Starts threads of this process one after another; each ends at once. */
export function runThreads(count: number): void {
  // Any function of the library that takes nothing and returns.
  const start = made('dlsym', null, 'getpid') as Buffer;
  const thread = Buffer.alloc(8);
  for (let one = 0; one < count; one += 1) {
    const errno = Number(made('threadCreate', thread, null, start, null));
    if (errno !== 0) throw new SystemCallError('pthread_create', errno);
    made('threadJoin', thread.readBigUInt64LE(), null);
  }
}
