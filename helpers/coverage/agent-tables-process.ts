/** Starts and ends processes and threads, and counts before and behind them what the agent's tables hold. */
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CountedTables, Table, TablesOrder } from './agent-tables.ts';
import { addressOf, call, runThreads, SystemCallError } from './libc.ts';

/** Number of bpf(2) by architecture, its commands and types (<linux/bpf.h>). */
const BPF_SYSCALL = process.arch === 'arm64' ? 280 : 321;
const [NEXT_KEY, FD_BY_ID, INFO_BY_FD] = [4, 14, 15];
const READ_ONLY = 1 << 3;
/** BPF_MAP_TYPE_HASH, PERCPU_HASH and LPM_TRIE: one of the least recently used (LRU) is meant to be full. */
const COUNTED = [1, 5, 11];
const INFO_BYTES = 88;
/** What the agent does about an end comes within this. */
const SETTLED_MS = 1000;

function bpf(command: number, attributes: Buffer): number {
  const at = addressOf(attributes);
  return call('syscall', BPF_SYSCALL, command, at, attributes.length, 0, 0, 0);
}

function infoOf(fd: number) {
  const info = Buffer.alloc(INFO_BYTES);
  const attributes = Buffer.alloc(16);
  attributes.writeUInt32LE(fd, 0);
  attributes.writeUInt32LE(info.length, 4);
  attributes.writeBigUInt64LE(addressOf(info), 8);
  bpf(INFO_BY_FD, attributes);
  const [type = 0, , keyBytes = 0, , most = 0] = [0, 4, 8, 12, 16].map((at) =>
    info.readUInt32LE(at),
  );
  return { type, keyBytes, most, name: info.toString('latin1', 24, 40).replace(/\0.*$/s, '') };
}

/** Keys of a map that changes meanwhile may come twice: each counts once, and it ends. */
function keysOf(fd: number, keyBytes: number, most: number): readonly string[] {
  const keys = new Set<string>();
  const next = Buffer.alloc(keyBytes);
  const key = Buffer.alloc(keyBytes);
  const attributes = Buffer.alloc(24);
  attributes.writeUInt32LE(fd, 0);
  attributes.writeBigUInt64LE(addressOf(next), 16);
  for (let steps = 0; steps < 2 * most; steps += 1) {
    try {
      bpf(NEXT_KEY, attributes);
    } catch (error) {
      // Behind the last key, or of an empty map; a map that cannot be read is not empty.
      if (error instanceof SystemCallError && error.code === 'ENOENT') return [...keys];
      throw error;
    }
    keys.add(next.toString('latin1'));
    next.copy(key);
    attributes.writeBigUInt64LE(addressOf(key), 8);
  }
  return [...keys];
}

/** Keys that name a process begin with its number. */
function isOf(pid: number | undefined) {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(pid ?? 0);
  const text = number.toString('latin1');
  return (key: string) => pid !== undefined && key.startsWith(text);
}

/** @param single a process that lives and ends no thread, beside this one. */
function tablesOf(pid: number, single: number | undefined): Table[] {
  const ids = new Set<number>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`))
    try {
      const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
      const id = /^map_id:\s+(\d+)$/m.exec(text)?.[1];
      if (id !== undefined) ids.add(Number(id));
    } catch {
      // It was closed in between.
    }
  return [...ids].flatMap((id) => {
    const attributes = Buffer.alloc(12);
    attributes.writeUInt32LE(id, 0);
    attributes.writeUInt32LE(READ_ONLY, 8);
    const fd = bpf(FD_BY_ID, attributes);
    try {
      const { type, keyBytes, most, name } = infoOf(fd);
      if (!COUNTED.includes(type)) return [];
      const keys = keysOf(fd, keyBytes, most);
      const [hasThreaded, hasSingle] = [process.pid, single].map((one) => keys.some(isOf(one)));
      const living = { hasThreaded: hasThreaded === true, hasSingle: hasSingle === true };
      return [{ id, name: name || `map ${id}`, entries: keys.length, most, ...living }];
    } finally {
      call('close', fd);
    }
  });
}

async function count({ pid, times }: TablesOrder): Promise<CountedTables> {
  const single = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    // By then it is what it will be.
    await sleep(SETTLED_MS);
    const before = tablesOf(pid, single.pid);
    execFileSync('/bin/sh', ['-c', `i=0; while [ $i -lt ${times} ]; do (:); i=$((i+1)); done`]);
    await sleep(SETTLED_MS);
    const behindProcesses = tablesOf(pid, single.pid);
    runThreads(times);
    await sleep(SETTLED_MS);
    return { before, behindProcesses, behindThreads: tablesOf(pid, single.pid) };
  } finally {
    single.kill('SIGKILL');
  }
}

try {
  process.send?.(await count(JSON.parse(process.argv[2] ?? '')));
} catch (error) {
  process.send?.({ failed: (error as Error).message } satisfies CountedTables);
}
