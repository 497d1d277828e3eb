import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { oomKilled, oomKills } from './oom-kills.ts';

let parent: ReturnType<typeof dirSync>;
beforeEach(() => {
  parent = dirSync({ unsafeCleanup: true });
  for (const name of ['proc/self', 'cgroup/system.slice/ci.scope'])
    mkdirSync(join(parent.name, name), { recursive: true });
  write('proc/self/cgroup', '0::/system.slice/ci.scope\n');
});
afterEach(() => parent.removeCallback());

const write = (name: string, text: string) => writeFileSync(join(parent.name, name), text);
const count = () => oomKills(join(parent.name, 'proc'), join(parent.name, 'cgroup'));
const vmstat = (kills: number) => write('proc/vmstat', `nr_free_pages 12\noom_kill ${kills}\n`);

test("a kill in our own cgroup is told with its counter, before the host's", () => {
  const events = 'cgroup/system.slice/ci.scope/memory.events';
  vmstat(4);
  write(events, 'oom 1\noom_kill 2\noom_group_kill 0\n');
  const before = count();
  expect(oomKilled(before, count())).toBeUndefined();
  vmstat(5);
  write(events, 'oom 2\noom_kill 3\noom_group_kill 0\n');
  expect(oomKilled(before, count())).toMatch(/ended 1 process during this run .*memory\.events/);
});

test("without a counter of our cgroup the host's is told, and without any nothing is", () => {
  vmstat(4);
  const before = count();
  vmstat(6);
  expect(oomKilled(before, count())).toMatch(/ended 2 processes during this run .*vmstat/);
  expect(oomKilled([], count())).toBeUndefined();
});
