import { readdirSync, readlinkSync } from 'node:fs';
import { readProc } from './processes.ts';

/** What a process locks in memory, in KiB. */
export interface LockedMemory {
  /** Its own pages (VmLck, proc_pid_status(5)) and its BPF maps together. */
  readonly kb: number;
  /** BPF maps that it holds open, each counted once, and those among them whose size the kernel tells. */
  readonly maps: number;
  readonly told: number;
}

const MAP_LINK = 'anon_inode:bpf-map';
const BYTES_PER_KB = 1024;

function fdInfo(pid: number, fd: string): string | undefined {
  try {
    if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== MAP_LINK) return undefined;
  } catch {
    // It was closed in between.
    return undefined;
  }
  return readProc(`/proc/${pid}/fdinfo/${fd}`);
}

/**
 * Memory that the kernel cannot take back: VmLck, and `memlock` of each BPF map that the process holds open, which is what the
 * kernel accounts for the map (bpf_map_show_fdinfo, kernel/bpf/syscall.c). Maps are no part of VmLck or of resident memory.
 * @returns undefined once the process is gone.
 */
export function lockedMemory(pid: number): LockedMemory | undefined {
  const status = readProc(`/proc/${pid}/status`);
  const own = /^VmLck:\s+(\d+) kB$/m.exec(status ?? '')?.[1];
  if (own === undefined) return undefined;
  let descriptors: string[];
  try {
    descriptors = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return undefined;
  }
  const maps = new Map<string, number | undefined>();
  for (const fd of descriptors) {
    const text = fdInfo(pid, fd);
    if (text === undefined) continue;
    const bytes = /^memlock:\s+(\d+)$/m.exec(text)?.[1];
    const id = /^map_id:\s+(\d+)$/m.exec(text)?.[1] ?? `descriptor ${fd}`;
    maps.set(id, bytes === undefined ? undefined : Number(bytes));
  }
  const told = [...maps.values()].filter((bytes) => bytes !== undefined);
  const mapBytes = told.reduce((sum, bytes) => sum + bytes, 0);
  return {
    kb: Number(own) + Math.ceil(mapBytes / BYTES_PER_KB),
    maps: maps.size,
    told: told.length,
  };
}
