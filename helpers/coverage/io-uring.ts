import { closeSync } from 'node:fs';
import { addressOf, call, map, SystemCallError } from './libc.ts';

/** Numbers of io_uring_setup(2) and io_uring_enter(2), the same on all architectures. */
const SETUP = 425;
const ENTER = 426;
/** <linux/io_uring.h> */
const PARAMS_BYTES = 120;
const SQE_BYTES = 64;
const OFFSET_RINGS = 0;
const OFFSET_COMPLETIONS = 0x800_0000;
const OFFSET_SQES = 0x1000_0000;
const OP_OPENAT = 18;
const SQE_ASYNC = 1 << 4;
const ENTER_GETEVENTS = 1;
const AT_FDCWD = -100;
const RING_BYTES = 4096;

/** Waits for a completion; a signal, as an agent sends it, may come before. */
function waitFor(ring: number): void {
  try {
    call('syscall', ENTER, ring, 0, 1, ENTER_GETEVENTS, 0, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINTR') throw error;
  }
}

/** Opens the file by openat of an io_uring worker, a thread that the kernel makes for it. */
export function openByIoUring(path: string): void {
  const params = Buffer.alloc(PARAMS_BYTES);
  const ring = call('syscall', SETUP, 1, addressOf(params), 0, 0, 0, 0);
  try {
    using submissions = map(ring, RING_BYTES, OFFSET_RINGS, true);
    using completions = map(ring, RING_BYTES, OFFSET_COMPLETIONS, true);
    using entry = map(ring, SQE_BYTES, OFFSET_SQES, true);
    const name = Buffer.from(`${path}\0`);
    entry.setUint8(0, OP_OPENAT);
    entry.setUint8(1, SQE_ASYNC);
    entry.setInt32(4, AT_FDCWD, true);
    entry.setBigUint64(16, addressOf(name), true);
    const [tail, array] = [params.readUInt32LE(44), params.readUInt32LE(64)];
    submissions.setUint32(array, 0, true);
    submissions.setUint32(tail, submissions.getUint32(tail, true) + 1, true);
    call('syscall', ENTER, ring, 1, 0, 0, 0, 0);
    while (completions.getUint32(params.readUInt32LE(84), true) === 0) waitFor(ring);
    const result = completions.getInt32(params.readUInt32LE(100) + 8, true);
    if (result < 0) throw new SystemCallError('openat of io_uring', -result);
    closeSync(result);
  } finally {
    closeSync(ring);
  }
}
