import { expect, test } from 'vitest';
import { pass } from '../../criteria/judgement.ts';
import { judgeHealth, judgeStarts } from './changed-object.ts';

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

test.each<[string, boolean, readonly string[], string]>([
  ['an object that health calls good and that must be refused fails', true, ['changed'], 'fail'],
  ['health that tells them apart passes', true, [], 'pass'],
  ['health that calls none good shows nothing', false, [], 'inconclusive'],
])('%s', (_, isGood, blind, verdict) => {
  expect(judgeHealth({ isGood, words: 'exited with 1' }, blind, pass('refused')).verdict).toBe(
    verdict,
  );
});
