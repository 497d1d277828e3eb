import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { folderEntries } from './folder-entries.ts';

const folder = mkdtempSync(join(tmpdir(), 'folder-entries-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a link to a folder is an entry, and what is behind it is none', () => {
  mkdirSync(join(folder, 'ours/deep'), { recursive: true });
  mkdirSync(join(folder, 'elsewhere'));
  for (const path of ['ours/deep/file', 'elsewhere/theirs']) writeFileSync(join(folder, path), '');
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'ours/away'));
  symlinkSync('.', join(folder, 'ours/deep/around'));
  const entries = folderEntries(join(folder, 'ours'), 'bytes') ?? [];
  expect(entries.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    'folder .',
    'link away',
    'folder deep',
    'link deep/around',
    'file deep/file',
  ]);
});
