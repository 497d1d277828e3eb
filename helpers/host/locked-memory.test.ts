import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { lockedMemory, mapBytes, processorsIn } from './locked-memory.ts';

/** bpf(2): its number by architecture, and an array map of so many entries (BPF_MAP_CREATE, BPF_MAP_TYPE_ARRAY). */
const BPF_SYSCALL = process.arch === 'arm64' ? 280 : 321;
const [MAP_CREATE, ARRAY, KEY_BYTES, VALUE_BYTES] = [0, 2, 4, 4096];
const syscall = koffi
  .load(null)
  .func('long syscall(long number, int command, void *attributes, uint size)');

function createArray(entries: number): number {
  const attributes = Buffer.alloc(72);
  for (const [index, value] of [ARRAY, KEY_BYTES, VALUE_BYTES, entries].entries())
    attributes.writeUInt32LE(value, index * 4);
  return Number(syscall(BPF_SYSCALL, MAP_CREATE, attributes, attributes.length));
}

test('counts what a BPF map takes as long as a process holds it', (context) => {
  const before = lockedMemory(process.pid);
  if (before === undefined) throw new Error('this process is not in /proc');
  const map = createArray(1024);
  if (map < 0) context.skip(`this kernel makes no BPF map for us: errno ${koffi.errno()}`);
  const held = lockedMemory(process.pid);
  closeSync(map);
  expect(held).toMatchObject({ maps: before.maps + 1, told: before.told + 1 });
  const more = (held?.kb ?? 0) - before.kb;
  // 4 MiB of values, and what the kernel takes to hold them.
  expect([more >= 4096, more < 5000]).toEqual([true, true]);
  expect(lockedMemory(process.pid)).toMatchObject({ kb: before.kb, maps: before.maps });
});

test('tells nothing of a process that is gone', () => {
  expect(lockedMemory(2 ** 22 + 1)).toBeUndefined();
});

/** A hash of so many 8-byte values behind 16-byte keys, as map_mem_usage of Linux 6.12 counts it. */
const hashOf = (type: number, entries: number, processors: number) => {
  const isPerCpu = type === 5;
  const bytes = entries * (72 + 16 + (isPerCpu ? 8 * processors : 0));
  return [
    `map_type:\t${type}`,
    'key_size:\t16',
    'value_size:\t8',
    `max_entries:\t${entries}`,
    'map_flags:\t0x0',
    `memlock:\t${bytes}`,
    'map_id:\t7',
  ].join('\n');
};
const HASH = 1;
const PER_CPU_HASH = 5;

test('a per-CPU map counts as on a host with 20 processors, however many this one could have', () => {
  const counted = (type: number, processors: number) => {
    const told = mapBytes(hashOf(type, 65_536, processors), processors);
    return told && told.all - told.leftOut;
  };
  const onTwenty = counted(PER_CPU_HASH, 20);
  expect([64, 128, 512].map((processors) => counted(PER_CPU_HASH, processors))).toEqual([
    ...[onTwenty, onTwenty, onTwenty],
  ]);
  expect(counted(PER_CPU_HASH, 2)).toBeLessThan(onTwenty ?? 0);
  expect(counted(HASH, 512)).toBe(counted(HASH, 2));
  // Of a kernel that tells no size nothing is known.
  expect(mapBytes('map_type:\t5\nmap_id:\t7', 128)).toBeUndefined();
});

test('a per-CPU map that is allocated as it fills keeps at least the share of 20 processors', () => {
  const few = 'map_type:\t5\nvalue_size:\t8\nmax_entries:\t65536\nmemlock:\t128000\n';
  expect(mapBytes(few, 128)).toEqual({ all: 128_000, leftOut: 108_000 });
});

test('processors are counted in lists of any form', () => {
  expect(['0\n', '0-127\n', '0-3,8-11', ''].map(processorsIn)).toEqual([1, 128, 8, 1]);
});
