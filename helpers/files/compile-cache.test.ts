import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
let directory: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'compile-cache-'));
  directory = join(folder, 'cache');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The folder that a process of an open shell keeps its compiled sources in; empty without one. */
function folderUsed(as: { uid?: number } = {}): string {
  const program = `
    import { getCompileCacheDir } from 'node:module';
    import { useCompileCache } from ${JSON.stringify(new URL('compile-cache.mjs', import.meta.url).href)};
    process.umask(0);
    useCompileCache(${JSON.stringify(directory)});
    console.log(getCompileCacheDir() ?? '');`;
  const arguments_ = ['--input-type=module', '--eval', program];
  // Without the cache that the tests themselves have.
  return execFileSync(process.execPath, arguments_, { encoding: 'utf8', env: {}, ...as }).trim();
}

test('nobody else can write the compiled form of what root runs, whatever the umask', () => {
  const used = folderUsed();
  expect(used.startsWith(directory)).toBe(true);
  for (const path of [directory, used]) expect(statSync(path).mode & 0o022).toBe(0);
  expect(folderUsed()).toBe(used);
});

test('a cache that all may write is not used', () => {
  const used = folderUsed();
  chmodSync(used, 0o777);
  expect(folderUsed()).toBe('');
  rmSync(directory, { recursive: true });
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  expect(folderUsed()).toBe('');
  expect(readdirSync(directory)).toEqual([]);
});

test.runIf(process.getuid?.() === 0)(
  'a cache that root keeps to itself is not used by others',
  () => {
    folderUsed();
    chmodSync(folder, 0o700);
    expect(folderUsed({ uid: 65_534 })).toBe('');
  },
);
