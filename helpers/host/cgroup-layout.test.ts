import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { cgroupProblem } from './cgroup-layout.ts';
import { type Mount, mounts } from './observations.ts';

const HOSTS = join(import.meta.dirname, '../../fixtures/hosts');
const BOOT = 'systemd.unified_cgroup_hierarchy=1';

function onHost(name: string) {
  const read = mounts(join(HOSTS, name));
  if (!read.known) throw new Error(read.reason);
  return cgroupProblem(read.value);
}

test('a host with cgroup v2 alone has no problem', () => {
  expect(onHost('staging')).toBeUndefined();
});

test('v1 and hybrid hosts are told apart, and nothing is to be mounted over their tree', () => {
  const old = onHost('cgroup-v1');
  expect(old).toMatchObject({
    layout: 'cgroup v1',
    problem: expect.stringContaining('uses cgroup v1 (/sys/fs/cgroup/systemd)'),
  });
  const hybrid = onHost('cgroup-hybrid');
  expect(hybrid).toMatchObject({
    layout: 'hybrid cgroups',
    problem: expect.stringContaining('v2 is at /sys/fs/cgroup/unified'),
  });
  for (const told of [old, hybrid]) {
    expect(told?.problem).toContain(BOOT);
    expect(told?.problem).not.toContain('mount -t');
  }
});

test('a mount is advised only where there is none, and no version 1 anywhere', () => {
  const mount = fc.record({
    target: fc.constantFrom('/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/cgroup', '/mnt'),
    type: fc.constantFrom('cgroup', 'cgroup2', 'tmpfs'),
    options: fc.constant<string[]>([]),
  });
  fc.assert(
    fc.property(fc.array(mount), (all: readonly Mount[]) => {
      const here = all.findLast(({ target }) => target === '/sys/fs/cgroup');
      const told = cgroupProblem(all);
      expect(told === undefined).toBe(here?.type === 'cgroup2');
      const free = here === undefined && all.every(({ type }) => type !== 'cgroup');
      if (told === undefined) return;
      expect(told.problem.includes('mount -t cgroup2')).toBe(free);
      expect(told.problem.includes(BOOT)).toBe(!free);
    }),
    propertyRuns(),
  );
});
