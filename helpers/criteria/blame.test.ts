import { expect, test } from 'vitest';
import { type Blame, blameOf } from './blame.ts';

test.each<[id: string, verdict: 'fail' | 'inconclusive', blamed: Blame | undefined]>([
  ['enforce.no-missed-denial', 'fail', 'agent'],
  ['enforce.no-missed-denial', 'inconclusive', 'evidence'],
  ['preconditions.bpf-lsm', 'fail', 'host'],
  ['preconditions.candidate-binary', 'fail', 'operator'],
  ['preconditions.candidate-version', 'fail', 'agent'],
  ['preconditions.mirrors-production', 'inconclusive', 'operator'],
  ['exit.false-positives', 'inconclusive', 'operator'],
  ['exit.host-as-found', 'fail', 'undecided'],
  ['exit.enforce', 'fail', undefined],
  ['payments.own', 'fail', 'undecided'],
])('%s that ends as %s blames %s', (id, verdict, blamed) => {
  expect(blameOf({ id, verdict })).toBe(blamed);
});

test('what a judgement says itself counts more than what its criterion is about', () => {
  const broke = { id: 'audit.soak', verdict: 'inconclusive', blames: 'suite' } as const;
  expect(blameOf(broke)).toBe('suite');
});

test('a pass, what was not tried and what follows from another criterion blame nobody', () => {
  const id = 'audit.soak';
  expect(blameOf({ id, verdict: 'pass' })).toBeUndefined();
  expect(blameOf({ id, verdict: 'skipped' })).toBeUndefined();
  expect(blameOf({ id, verdict: 'inconclusive', follows: 'audit.alive' })).toBeUndefined();
});
