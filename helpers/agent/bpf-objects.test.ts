import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSettings } from '../settings/settings.ts';
import { judgeCandidateFiles } from './bpf-objects.ts';

let folder: string;
beforeEach(() => {
  folder = dirSync().name;
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'aegisbpf'), '', { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (name: string) => join(folder, name);
/** A folder that anybody may write. */
function open(): string {
  mkdirSync(inFolder('open'));
  chmodSync(inFolder('open'), 0o777);
  return inFolder('open/aegisbpf');
}
const judge = (AEGIS_BIN = inFolder('aegisbpf'), AEGIS_BPF_OBJ = '') =>
  judgeCandidateFiles(readSettings({ AEGIS_BIN, AEGIS_BPF_OBJ }));
const failed = (says: RegExp) => ({
  verdict: 'fail',
  explanation: expect.stringMatching(says),
});

test('a binary of our own passes, and one that others can change or replace fails', () => {
  const binary = inFolder('aegisbpf');
  expect(judge()).toMatchObject({ verdict: 'pass' });
  chmodSync(binary, 0o777);
  expect(judge()).toMatchObject(failed(/can be written by anybody/));
  chmodSync(binary, 0o755);
  const link = open();
  symlinkSync(binary, link);
  expect(judge(link)).toMatchObject(failed(/others can replace the candidate/));
  rmSync(link);
  writeFileSync(link, '', { mode: 0o755 });
  expect(judge(link)).toMatchObject(failed(/others can replace the candidate/));
});

test('a BPF object that anybody may write fails', () => {
  const object = inFolder('aegis.bpf.o');
  writeFileSync(object, 'object');
  expect(judge(undefined, object)).toMatchObject({ verdict: 'pass' });
  chmodSync(object, 0o666);
  expect(judge(undefined, object)).toMatchObject(
    failed(
      /others can change .*aegis\.bpf\.o, and it would be loaded into the kernel: it can be written by/,
    ),
  );
});

test.runIf(process.geteuid?.() === 0)("a binary of another user is that user's to change", () => {
  chownSync(inFolder('aegisbpf'), 54_321, 54_321);
  expect(judge()).toMatchObject(failed(/belongs to user 54321/));
});
