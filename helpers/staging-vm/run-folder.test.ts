import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeRunFolder } from './one-run.ts';

const cache = mkdtempSync(join(tmpdir(), 'staging-vm-test-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

test('a new run removes what a killed one left, and leaves the living alone', () => {
  const living = makeRunFolder(cache);
  const forsaken = join(cache, 'runs', `run-${process.pid}-1-killed`);
  const foreign = join(cache, 'runs', 'notes');
  for (const path of [forsaken, foreign]) mkdirSync(path);
  const next = makeRunFolder(cache);
  expect([living, next, foreign, forsaken].map((path) => existsSync(path))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
