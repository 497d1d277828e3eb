import { copyFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { sha256OfFile } from '../files/sha256.ts';
import { makeExecList } from './exec-list.ts';

test('a list has what the run needs and one of our programs, and names where the agent does not look by itself', async () => {
  const parent = realpathSync(dirSync({ unsafeCleanup: true }).name);
  const elsewhere = join(parent, 'tool');
  copyFileSync('/bin/true', elsewhere);
  const { sections, programs } = await makeExecList(parent, ['/bin/cat', elsewhere, '/bin/cat']);
  const hashOf = async (path: string) => `sha256:${await sha256OfFile(path)}`;
  expect(sections.allow_binary_hash).toEqual([
    await hashOf(programs.listed),
    await hashOf('/bin/cat'),
    await hashOf('/bin/true'),
  ]);
  expect(sections.allow_binary_hash).not.toContain(await hashOf(programs.unlisted));
  expect(sections.scan_paths).toEqual([join(parent, 'host-programs'), parent]);
});

test('without something that the run needs there is no list', async () => {
  const parent = dirSync({ unsafeCleanup: true }).name;
  await expect(makeExecList(parent, ['/no/such/program'])).rejects.toThrow(/ENOENT/);
});
