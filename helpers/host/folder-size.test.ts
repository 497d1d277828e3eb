import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderKb } from './folder-size.ts';

let folder: ReturnType<typeof dirSync>;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterEach(() => folder.removeCallback());

test('adds up the files of a folder and of those in it, and follows no link', () => {
  mkdirSync(join(folder.name, 'inner'));
  writeFileSync(join(folder.name, 'one'), Buffer.alloc(3000));
  writeFileSync(join(folder.name, 'inner/two'), Buffer.alloc(2000));
  symlinkSync('/proc/self/exe', join(folder.name, 'link'));
  expect(folderKb(folder.name)).toBe(5);
});

test('a folder that is not there holds nothing', () => {
  expect(folderKb(join(folder.name, 'missing'))).toBe(0);
});
