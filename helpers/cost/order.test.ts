import { expect, test } from 'vitest';
import { blockOrder, seeded, shuffled } from './order.ts';

test('each block of a mode has one without the agent before and after it, and the modes take turns as ABBA', () => {
  const order = blockOrder(4, seeded(7));
  expect(order.filter((_, index) => index % 2 === 0)).toEqual(Array(9).fill('none'));
  const modes = order.filter((_, index) => index % 2 === 1);
  expect([
    ['audit', 'enforce', 'enforce', 'audit', 'audit', 'enforce', 'enforce', 'audit'],
    ['enforce', 'audit', 'audit', 'enforce', 'enforce', 'audit', 'audit', 'enforce'],
  ]).toContainEqual(modes);
});

test('with the previous version the three take turns, each at the same moment on average', () => {
  const order = blockOrder(2, seeded(7), ['audit', 'enforce', 'previous']);
  const turns = order.filter((_, index) => index % 2 === 1);
  expect(turns).toEqual([...turns.slice(0, 3), ...turns.slice(0, 3).toReversed()]);
  expect(turns.toSorted()).toEqual([
    ...['audit', 'audit', 'enforce', 'enforce', 'previous', 'previous'],
  ]);
});

test('a seed decides on the order, and others on others', () => {
  const orders = Array.from({ length: 20 }, (_, seed) => blockOrder(1, seeded(seed)).join());
  expect(new Set(orders).size).toBe(2);
  expect(shuffled([1, 2, 3, 4, 5, 6], seeded(3))).toEqual(shuffled([1, 2, 3, 4, 5, 6], seeded(3)));
  expect(shuffled([1, 2, 3, 4, 5, 6], seeded(3)).sort()).toEqual([1, 2, 3, 4, 5, 6]);
});
