import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { lockedMemory } from './locked-memory.ts';

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
