import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRegularFile } from './regular-file.ts';
import { sha256OfFile } from './sha256.ts';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'regular-file-'));
  writeFileSync(at('file'), 'abc');
  execFileSync('mkfifo', [at('fifo')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a regular file is read whole', () => {
  expect(readRegularFile(at('file'))).toBe('abc');
});

test("the caller's look at the open file can refuse it", () => {
  const look = () => {
    throw new Error('too old');
  };
  expect(() => readRegularFile(at('file'), look)).toThrow('too old');
});

test('a FIFO, a device and a directory are refused at once, and not waited for', async () => {
  for (const path of [at('fifo'), '/dev/zero', folder]) {
    expect(() => readRegularFile(path)).toThrow('it is not a regular file');
    await expect(sha256OfFile(path)).rejects.toThrow('it is not a regular file');
  }
});

test('the hash of a file is SHA-256 in hex', async () => {
  // The example of FIPS 180-2, appendix B.1.
  expect(await sha256OfFile(at('file'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
