import { expect, test } from 'vitest';
import { judgeStats } from './operator-commands.ts';

type Counted = Parameters<typeof judgeStats>[1];
const counted = (connect: ReturnType<Counted>) => (type: string) =>
  type === 'connect' ? connect : ([3, 3] as const);

test.each([
  ['as many', 5, [5, 5], 'pass'],
  ['as many as at a moment between', 6, [5, 9], 'pass'],
  ['fewer than before', 4, [5, 9], 'fail'],
  ['more than afterwards', 10, [5, 9], 'fail'],
  ['none, where the metrics have none', undefined, [undefined, undefined], 'inconclusive'],
  ['none', undefined, [5, 5], 'inconclusive'],
  ['some that the metrics do not have', 5, [undefined, undefined], 'inconclusive'],
] as const)('network stats that tell %s', (_, connect, metrics, verdict) => {
  expect(judgeStats({ connect, bind: 3 }, counted(metrics)).verdict).toBe(verdict);
});
