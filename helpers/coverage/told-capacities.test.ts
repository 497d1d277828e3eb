import { expect, test } from 'vitest';
import { judgeRoom, withRoom, wrongRoomText } from './told-capacities.ts';

test('a capacity is that of the map of its name, as far as the kernel keeps it', () => {
  const named = (id: number, name: string, most: number) => ({
    ...{ id, name, most, entries: 0, hasThreaded: false, hasSingle: false },
  });
  const tables = [
    ...[named(1, 'deny_inode_map', 65_536), named(2, 'deny_inode_stat', 4096)],
    ...[named(3, 'deny_cgroup_ino', 32_768), named(4, 'allow_cgroup_ma', 1024)],
    ...[named(5, 'event_approver_', 4096), named(6, 'event_approver_', 64)],
  ];
  const told = (name: string, most: number) => ({ name, most, by: '`health --json`' });
  const all = [
    ...[told('deny_inode', 65_536), told('deny_cgroup_inode', 65_536), told('allow_cgroup', 1024)],
    ...[told('event_approver_inode', 4096), told('deny_port', 4096)],
  ];
  const compared = withRoom(all, tables);
  expect(compared.map(({ name, room }) => [name, room])).toEqual([
    ...[['deny_inode', 65_536] as const, ['deny_cgroup_inode', 32_768] as const],
    ['allow_cgroup', 1024],
  ]);
  expect(wrongRoomText(compared.filter(({ most, room }) => most !== room))).toBe(
    "`health --json` says that deny_cgroup_inode has room for 65536 entries, and the kernel's map has room for 32768",
  );
});

test('where no capacity belongs to a map, or one of the two that tell it cannot be read, it is no pass', () => {
  expect(judgeRoom(0, [], 'x').verdict).toBe('inconclusive');
  expect(judgeRoom(11, ['health cannot be read: no JSON'], 'x')).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringMatching(/capacities .* are so: health cannot be read: no JSON$/),
  });
  expect(judgeRoom(11, [], 'x').verdict).toBe('pass');
});
