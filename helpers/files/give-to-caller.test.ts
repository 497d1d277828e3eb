import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { giveToCaller } from './give-to-caller.ts';

const NOBODY = 65_534;
const folder = mkdtempSync(join(tmpdir(), 'give-to-caller-'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('evidence is given to who called sudo, and nothing behind a link in it', () => {
  const [run, stranger] = [join(folder, 'run'), join(folder, 'stranger')];
  mkdirSync(join(run, 'audit'), { recursive: true });
  mkdirSync(stranger);
  writeFileSync(join(run, 'audit/samples.ndjson'), '');
  writeFileSync(join(stranger, 'shadow'), '');
  symlinkSync(stranger, join(run, 'audit/link'));
  vi.stubEnv('SUDO_UID', String(NOBODY));
  vi.stubEnv('SUDO_GID', String(NOBODY));
  giveToCaller(run);
  const owner = (path: string) => lstatSync(join(folder, path)).uid;
  expect(['run', 'run/audit', 'run/audit/samples.ndjson', 'run/audit/link'].map(owner)).toEqual(
    Array(4).fill(NOBODY),
  );
  expect(['stranger', 'stranger/shadow'].map(owner)).toEqual([0, 0]);
});
