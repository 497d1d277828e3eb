import { expect, test } from 'vitest';
import type { OwnWorkload } from '../workload/own-workload.ts';
import { namedWorkloads } from './named-workloads.ts';

const own = (more: Partial<OwnWorkload> = {}): OwnWorkload => ({
  ...{ name: 'payments', module: import.meta.url, start() {}, stop() {} },
  counts: () => ({ completed: 0, failed: 0 }),
  ...more,
});

test('of a workload other processes are told where it is, and nothing that could not cross', () => {
  expect(namedWorkloads([own()])).toEqual({
    named: [{ name: 'payments', module: import.meta.url, pieceSeconds: 10 }],
    problems: [],
  });
});

test.each([
  [{ name: 'Pay ments' }, /"Pay ments" cannot name a workload/],
  [{ module: '/srv/payments.ts' }, /the workload payments: module must be import\.meta\.url/],
  [{ module: 'file:///no/such.ts' }, /own workload payments: there is no file/],
  [{ pieceSeconds: 0 }, /pieceSeconds=0 is no number of seconds above 0/],
])('one with %j is refused', (more, says) => {
  expect(namedWorkloads([own(more)]).problems).toEqual([expect.stringMatching(says)]);
});

test('two of one name would answer for each other', () => {
  expect(namedWorkloads([own(), own()]).problems).toEqual([
    'own workload payments: there are two of this name',
  ]);
});
