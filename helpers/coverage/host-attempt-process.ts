/**
 * Makes the attempt that it is told, once, and says how it ended: an errno, or that it was let through.
 * It handles no signal: the coverage phase lets the agent send none.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { start } from './file-routes.ts';
import type { HostAttempt, HostOrder } from './host-attempts.ts';
import { addressOf, call } from './libc.ts';
import { connect, SOCK_DGRAM, SOCK_STREAM } from './network-routes.ts';

/** System call numbers. */
const NUMBERS =
  process.arch === 'arm64'
    ? { bpf: 280, finitModule: 273, initModule: 105, readMemory: 270 }
    : { bpf: 321, finitModule: 313, initModule: 175, readMemory: 310 };
/** <linux/ptrace.h>: unlike PTRACE_ATTACH it does not stop the process. */
const PTRACE_SEIZE = 0x4206;
/** <linux/bpf.h> */
const BPF_MAP_CREATE = 0;
const BPF_PROG_LOAD = 5;
const BPF_BTF_GET_NEXT_ID = 23;
const BPF_MAP_TYPE_ARRAY = 2;
const BPF_PROG_TYPE_SOCKET_FILTER = 1;
const ATTRIBUTE_BYTES = 120;
/** More than the head of a module, which the kernel wants before it asks anybody. */
const NO_MODULE = Buffer.alloc(4096);

/** With a child of ours, which ends with this process. */
function withChild(use: (pid: number) => void): void {
  const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    if (child.pid === undefined) throw new Error('no child could be started');
    use(child.pid);
  } finally {
    child.kill('SIGKILL');
  }
}

function readMemory(pid: number): void {
  const bytes = Buffer.alloc(8);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(addressOf(bytes));
  vector.writeBigUInt64LE(BigInt(bytes.length), 8);
  try {
    call('syscall', NUMBERS.readMemory, pid, addressOf(vector), 1, addressOf(vector), 1, 0);
  } catch (error) {
    // Who may read is asked first; at our own address the child has nothing.
    if ((error as NodeJS.ErrnoException).code !== 'EFAULT') throw error;
  }
}

const bpf = (command: number, attributes: Buffer): number =>
  call('syscall', NUMBERS.bpf, command, addressOf(attributes), attributes.length, 0, 0, 0);

function makeMap(): void {
  const attributes = Buffer.alloc(ATTRIBUTE_BYTES);
  for (const [index, value] of [BPF_MAP_TYPE_ARRAY, 4, 4, 1].entries())
    attributes.writeUInt32LE(value, 4 * index);
  closeSync(bpf(BPF_MAP_CREATE, attributes));
}

/** It returns 0, and is attached to nothing. */
function loadProgram(): void {
  const program = Buffer.from('b700000000000000' + '9500000000000000', 'hex');
  const license = Buffer.from('GPL\0');
  const attributes = Buffer.alloc(ATTRIBUTE_BYTES);
  attributes.writeUInt32LE(BPF_PROG_TYPE_SOCKET_FILTER);
  attributes.writeUInt32LE(program.length / 8, 4);
  attributes.writeBigUInt64LE(addressOf(program), 8);
  attributes.writeBigUInt64LE(addressOf(license), 16);
  closeSync(bpf(BPF_PROG_LOAD, attributes));
}

/** Nothing has the name: without a rule it ends with ENOENT. */
function connectToUnixSocket(): void {
  const AF_UNIX = 1;
  const address = Buffer.from([AF_UNIX, 0, ...Buffer.from('/proc/self/no-such-socket\0')]);
  const socket = call('socket', AF_UNIX, SOCK_STREAM, 0);
  try {
    call('connect', socket, address, address.length);
  } finally {
    closeSync(socket);
  }
}

/** Nothing listens there, and nothing needs to. */
const ANY_PORT = 9;
const IPV6_LOOPBACK = '0:0:0:0:0:0:0:1';

const parameters = Buffer.from('\0');

const { name, programs }: HostOrder = JSON.parse(process.argv[2] ?? '');

const ACTS: Readonly<Record<HostAttempt, () => void>> = {
  'ptrace-seize': () => withChild((pid) => call('ptrace', PTRACE_SEIZE, pid, 0, 0)),
  'read-memory': () => withChild(readMemory),
  'module-file': () => {
    const descriptor = openSync(fileURLToPath(import.meta.url), 'r');
    call('syscall', NUMBERS.finitModule, descriptor, addressOf(parameters), 0, 0, 0, 0);
  },
  'module-bytes': () => {
    const { length } = NO_MODULE;
    call(
      'syscall',
      NUMBERS.initModule,
      addressOf(NO_MODULE),
      length,
      addressOf(parameters),
      0,
      0,
      0,
    );
  },
  'bpf-map': makeMap,
  'bpf-program': loadProgram,
  'bpf-look': () => bpf(BPF_BTF_GET_NEXT_ID, Buffer.alloc(ATTRIBUTE_BYTES)),
  'connect-tcp': () => connect('127.0.0.1', ANY_PORT, SOCK_STREAM),
  'connect-udp': () => connect(IPV6_LOOPBACK, ANY_PORT, SOCK_DGRAM),
  'connect-unix': connectToUnixSocket,
  'exec-unlisted': () => start(programs.unlisted),
  'exec-listed': () => start(programs.listed),
};

let outcome = 'let through';
try {
  ACTS[name]();
} catch (error) {
  outcome = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}
process.send?.(outcome);
process.disconnect?.();
