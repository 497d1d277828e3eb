import { expect, test } from 'vitest';
import { judgeStarts } from './changed-object.ts';

type Start = Parameters<typeof judgeStarts>[0][number];

const judge = (...outcomes: readonly Start['outcome'][]) =>
  judgeStarts(outcomes.map((outcome) => ({ name: 'changed', outcome, words: outcome })));

test.each<[string, readonly Start['outcome'][], string]>([
  ['only refused objects pass', ['refused', 'refused'], 'pass'],
  ['one object that is taken fails', ['refused', 'went on', 'started'], 'fail'],
  ['a refusal that nobody sees fails', ['refused', 'ended as in order'], 'fail'],
  ['a start that goes on shows nothing', ['refused', 'went on'], 'inconclusive'],
  ['a start that somebody ended shows nothing', ['killed', 'refused'], 'inconclusive'],
])('%s', (_, outcomes, verdict) => {
  expect(judge(...outcomes).verdict).toBe(verdict);
});
