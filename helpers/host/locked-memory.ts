import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readProc } from './processes.ts';

/** What a process locks in memory, in KiB. */
export interface LockedMemory {
  /** Its own pages (VmLck, proc_pid_status(5)) and its BPF maps together. */
  readonly kb: number;
  /** What is not in `kb`: copies of values in per-CPU maps for processors beyond COUNTED_PROCESSORS. */
  readonly leftOutKb: number;
  /** BPF maps that it holds open, each counted once, and those among them whose size the kernel tells. */
  readonly maps: number;
  readonly told: number;
}

const MAP_LINK = 'anon_inode:bpf-map';
const BYTES_PER_KB = 1024;
/**
 * A per-CPU map has a copy of each value for every processor that the kernel could ever have: the same agent takes 90 MB on a small
 * machine and 200 MB on one with 128, which may be a small guest as well. The agent's budget was measured with 20 (docs/agent-contract.md §9.5).
 */
const COUNTED_PROCESSORS = 20;
/** BPF_MAP_TYPE_PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH and PERCPU_CGROUP_STORAGE (<linux/bpf.h>). */
const PER_CPU_TYPES: readonly (number | undefined)[] = [5, 6, 10, 21];
const VALUE_BYTES = 8;
/** `0-127`, or `0-3,8-11`. */
const POSSIBLE = '/sys/devices/system/cpu/possible';

/** How many processors the kernel could have; none where it does not tell. */
export function processorsIn(list: string): number {
  return list.split(',').reduce((sum, range) => {
    const [first, last = first] = range.trim().split('-').map(Number);
    return first === undefined || last === undefined ? sum : sum + last - first + 1;
  }, 0);
}

function possibleProcessors(): number {
  try {
    return processorsIn(readFileSync(POSSIBLE, 'utf8'));
  } catch {
    return 0;
  }
}

/** What a map takes, by /proc/PID/fdinfo/FD, and how much of it is for more processors than are counted; undefined where that is not told. */
export function mapBytes(
  fdinfo: string,
  processors: number,
): { readonly all: number; readonly leftOut: number } | undefined {
  const told = (name: string) => {
    const number = new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(fdinfo)?.[1];
    return number === undefined ? undefined : Number(number);
  };
  const all = told('memlock');
  if (all === undefined) return undefined;
  const beyond = processors - COUNTED_PROCESSORS;
  if (beyond <= 0 || !PER_CPU_TYPES.includes(told('map_type'))) return { all, leftOut: 0 };
  const value = Math.ceil((told('value_size') ?? 0) / VALUE_BYTES) * VALUE_BYTES;
  const copies = value * (told('max_entries') ?? 0) * beyond;
  // A map whose entries are allocated as they come takes less than all of them.
  return { all, leftOut: Math.min(copies, (all * beyond) / processors) };
}

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
 * A big host is no fault of an agent: of per-CPU maps only so many copies count as COUNTED_PROCESSORS says.
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
  const processors = possibleProcessors();
  const maps = new Map<string, ReturnType<typeof mapBytes>>();
  for (const fd of descriptors) {
    const text = fdInfo(pid, fd);
    if (text === undefined) continue;
    const id = /^map_id:\s+(\d+)$/m.exec(text)?.[1] ?? `descriptor ${fd}`;
    maps.set(id, mapBytes(text, processors));
  }
  const told = [...maps.values()].filter((bytes) => bytes !== undefined);
  const sum = (of: (map: (typeof told)[number]) => number) =>
    Math.ceil(told.reduce((total, map) => total + of(map), 0) / BYTES_PER_KB);
  return {
    kb: Number(own) + sum(({ all, leftOut }) => all - leftOut),
    leftOutKb: sum(({ leftOut }) => leftOut),
    maps: maps.size,
    told: told.length,
  };
}
