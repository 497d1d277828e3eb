import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { suiteOfRun } from './suite.ts';

const ROOT = join(import.meta.dirname, '../..');

test('the hash of the suite is what the command in docs/evidence.md prints', () => {
  const page = readFileSync(join(ROOT, 'docs/evidence.md'), 'utf8');
  const [, command = ''] = /^ {4}(find .*sha256sum)$/m.exec(page) ?? [];
  const printed = execFileSync('/bin/sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' });
  expect(printed).toBe(`${suiteOfRun().sha256}  -\n`);
});
