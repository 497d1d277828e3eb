import { expect, test } from 'vitest';
import type { AgentEvent } from '../contract/events.ts';
import { DecisionGroups, isDecision } from './decision-groups.ts';

const block = (ino: number, comm = 'cat') =>
  ({
    type: 'block',
    dev: 1,
    ino,
    comm,
    cgroup_path: '/c',
    action: 'AUDIT',
    pid: ino,
  }) as unknown as AgentEvent;
const other = (agentType: string) => ({ type: 'other', agentType, fields: {} }) as AgentEvent;
const total = (groups: DecisionGroups) => groups.list().reduce((sum, { count }) => sum + count, 0);

test('decisions with the same target, program, cgroup and action are one group', () => {
  const groups = new DecisionGroups();
  const [first, last] = [new Date('2026-11-23T14:00:00Z'), new Date('2026-11-23T14:01:00Z')];
  groups.add(block(1), first);
  groups.add(block(2), first);
  groups.add(block(1), last);
  groups.add(block(1, 'dog'), last);
  expect(groups.list().map(({ target, comm, count }) => [target, comm, count])).toEqual([
    ['1:1', 'cat', 2],
    ['1:1', 'dog', 1],
    ['1:2', 'cat', 1],
  ]);
  expect(groups.list()[0]).toMatchObject({
    firstSeen: first.toISOString(),
    lastSeen: last.toISOString(),
  });
});

test('only decisions are grouped, also those of a type that we do not know', () => {
  expect([isDecision(block(1)), isDecision(other('new_block'))]).toEqual([true, true]);
  expect([isDecision(other('blocked')), isDecision(other('state'))]).toEqual([false, false]);
  const groups = new DecisionGroups();
  groups.add(other('state'));
  expect(groups.list()).toEqual([]);
});

test('a group keeps a few samples and counts all', () => {
  const groups = new DecisionGroups();
  for (let index = 0; index < 100; index += 1) groups.add(block(1));
  expect(groups.list()[0]).toMatchObject({ count: 100 });
  expect(groups.list()[0]?.samples).toHaveLength(3);
});

test('beyond 10,000 groups the rest is folded into one, and every decision is counted', () => {
  const groups = new DecisionGroups();
  for (let ino = 0; ino < 10_500; ino += 1) groups.add(block(ino));
  groups.add(block(0));
  groups.add(block(10_400));
  const list = groups.list();
  expect([list.length, total(groups)]).toEqual([10_001, 10_502]);
  expect(list[0]).toMatchObject({ key: 'folded', count: 501 });
  expect(list[1]).toMatchObject({ target: '1:0', count: 2 });
});
