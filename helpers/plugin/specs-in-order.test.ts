import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type OwnSpecs, specsInOrder } from './specs-in-order.ts';

const root = mkdtempSync(join(tmpdir(), 'team-'));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'canary'));
for (const name of ['canary/one.spec.ts', 'canary/two.spec.ts', 'beside.ts'])
  writeFileSync(join(root, name), '');

const problems = (...own: readonly OwnSpecs[]) => specsInOrder(root, own).problems;

test('what is judged during a soak is loaded by it, and is no file of vitest', () => {
  const { specs, besideSoak, problems } = specsInOrder(root, [
    { files: 'canary/*.spec.ts', after: 'audit' },
    { files: 'beside.ts', during: 'audit' },
  ]);
  expect(problems).toEqual([]);
  const names = specs.map((path) => basename(path));
  expect(names.indexOf('one.spec.ts')).toBe(names.indexOf('2-audit.spec.ts') + 1);
  expect(names).not.toContain('beside.ts');
  expect(besideSoak).toEqual({ audit: [join(root, 'beside.ts')], enforce: [] });
});

test('what stands before a part of the runbook runs before it, and before the preconditions before everything', () => {
  const { specs, own, problems } = specsInOrder(root, [
    { files: 'canary/one.spec.ts', before: 'preconditions' },
    { files: 'canary/two.spec.ts', before: 'coverage' },
  ]);
  expect(problems).toEqual([]);
  const names = specs.map((path) => basename(path));
  expect(names.slice(0, 2)).toEqual(['one.spec.ts', '1-preconditions.spec.ts']);
  expect(names.indexOf('two.spec.ts')).toBe(names.indexOf('3b-coverage.spec.ts') - 1);
  expect(own.map(({ at }) => at)).toEqual(['before preconditions', 'before coverage']);
});

test('a place that is none, two places, and a file that the filter leaves out are refused', () => {
  expect(problems({ files: 'beside.ts', during: 'cost' as never })).toEqual([
    expect.stringMatching(/during="cost" names no soak; use one of audit, enforce$/),
  ]);
  const twice = expect.stringMatching(/beside\.ts: it stands in two places; it is judged once$/);
  expect(
    problems({ files: 'beside.ts', during: 'audit' }, { files: 'beside.ts', during: 'enforce' }),
  ).toEqual([twice]);
  const one = 'canary/one.spec.ts';
  expect(
    problems({ files: one, before: 'cost' }, { files: 'canary/*.spec.ts', after: 'cost' }),
  ).toEqual([expect.stringMatching(/one\.spec\.ts: it stands in two places/)]);
  expect(problems({ files: one, before: 'costs' as never, after: 'audit' })).toEqual([
    expect.stringMatching(/name one of before, after and during$/),
    expect.stringMatching(/before="costs" names no part of the runbook/),
  ]);
  expect(problems({ files: 'beside.ts' })).toEqual([
    expect.stringMatching(/would leave it out, for its path below .* has no "canary"/),
  ]);
});
