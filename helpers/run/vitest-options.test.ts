import { expect, test } from 'vitest';
import { vitestCommand } from './vitest-options.ts';

const read = (line: string) => vitestCommand(line.split(' '));

test.each(['run canary', 'canary', 'run canary/5-exit-criteria', '--root /clone run canary'])(
  'a run of the runbook: vitest %s',
  (line) => {
    expect(read(line)).toEqual({ lists: false, problems: [] });
  },
);

test('vitest list only names the tests, whatever else it is asked', () => {
  expect(read('list canary -t drill')).toEqual({ lists: true, problems: [] });
  expect(read('run list').lists).toBe(false);
});

test.each([
  // It runs the tests again and again, with other pools besides.
  ['doctor canary', /^vitest doctor does not run the runbook; use `npx vitest run canary`$/],
  ['bench canary', /^vitest bench does not run/],
  ['init browser', /^vitest init does not run/],
  ['watch canary', /^--watch cannot be used: .*; run without it$/],
  ['related canary/1-preconditions.spec.ts', /^--related cannot be used: .*; run without it$/],
  [
    'run canary/5-exit-criteria.spec.ts:20',
    /:20: what is left out is not judged; .*line number out$/,
  ],
  ['run canary -t drill', /^-t cannot be used: what is left out is not judged/],
])('no run of the runbook: vitest %s', (line, problem) => {
  expect(read(line).problems).toContainEqual(expect.stringMatching(problem));
});
