import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSettings } from '../settings/settings.ts';
import { mirrorsProduction } from './mirrors-production.ts';

const PROJECT = join(import.meta.dirname, '../..');
const STAGING = join(PROJECT, 'fixtures/hosts/staging');
const RECORDED = readFileSync(join(PROJECT, 'fixtures/hosts/production-profile.json'), 'utf8');

let folder: ReturnType<typeof dirSync>;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterEach(() => folder.removeCallback());

function judge(profile: string | Buffer, hostRoot = STAGING) {
  const path = join(folder.name, 'production.json');
  writeFileSync(path, profile);
  return mirrorsProduction({
    ...readSettings({ PRODUCTION_PROFILE: path }),
    HOST_ROOT: hostRoot,
  });
}
const changed = (name: string, value: string | undefined) => {
  const profile = JSON.parse(RECORDED) as { settings: Record<string, string | undefined> };
  profile.settings[name] = value;
  return JSON.stringify(profile);
};

test('the same settings pass, with a byte order mark and DOS line ends too', async () => {
  const dos = RECORDED.replaceAll('\n', '\r\n');
  for (const text of [RECORDED, dos, `\ufeff${dos}`])
    expect(await judge(text)).toMatchObject({ verdict: 'pass' });
});

test('a value that was not read in production is missing evidence, not a difference', async () => {
  for (const value of ["unreadable: EACCES: permission denied, open '/sys'", undefined]) {
    const judgement = await judge(changed('cgroup controllers', value));
    expect(judgement).toMatchObject({ verdict: 'inconclusive', value: 1 });
    expect(judgement.explanation).toMatch(/1 setting cannot be compared.*cgroup controllers/);
  }
});

test('a difference that was measured fails, whatever else was not read', async () => {
  const profile = changed('systemd', 'unreadable: no bus').replace('6.1.0-50', '6.1.0-49');
  const judgement = await judge(profile);
  expect(judgement).toMatchObject({ verdict: 'fail', value: 1 });
  expect(judgement.explanation).toMatch(/in 1 setting: kernel release/);
});

test('a profile in another encoding is refused before the run, with its reason', () => {
  const wide = Buffer.from(`\ufeff${RECORDED}`, 'utf16le');
  const latin = Buffer.from(RECORDED.replace('production-1', 'zürich'), 'latin1');
  for (const [bytes, words] of [
    [wide, 'it is UTF-16 (little endian), expected UTF-8'],
    [latin, 'line 4, column 17: the byte 0xFC is not UTF-8'],
  ] as const)
    expect(() => judge(bytes)).toThrow(words);
});

test('a profile that is no JSON is missing evidence, with its reason', async () => {
  const judgement = await judge('{');
  expect(judgement.verdict).toBe('inconclusive');
  expect(judgement.explanation).toContain('is not JSON: ');
});

test('recording warns of what cannot be read', async () => {
  const host = join(folder.name, 'host');
  execFileSync('cp', ['-a', STAGING, host]);
  rmSync(join(host, 'sys/fs/cgroup/cgroup.controllers'));
  const path = join(folder.name, 'recorded.json');
  const recorded = spawnSync(
    process.execPath,
    [join(PROJECT, 'helpers/host/record-profile.ts'), path],
    { encoding: 'utf8', env: { ...process.env, HOST_ROOT: host } },
  );
  expect(recorded.status, recorded.stderr).toBe(0);
  expect(recorded.stderr).toMatch(/^warning: cgroup controllers could not be read/m);
  expect(await judge(readFileSync(path, 'utf8'), host)).toMatchObject({ verdict: 'inconclusive' });
});
