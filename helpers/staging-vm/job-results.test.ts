import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { commandResult, keepResults } from './job-results.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const results = () => ({ out: at('out'), control: at('control') });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-results-'));
  for (const name of ['out', 'control', 'kept', 'logs']) mkdirSync(at(name));
  writeFileSync(at('secret'), 'of this machine\n');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test('logs and evidence that are files come back', () => {
  writeFileSync(at('control/dmesg.log'), 'booted\n');
  writeFileSync(at('out/summary.json'), '{}');
  writeFileSync(at('control/result'), '0\n');
  keepResults(results(), at('kept'), at('logs'));
  expect(readFileSync(at('logs/dmesg.log'), 'utf8')).toBe('booted\n');
  expect(readFileSync(at('kept/summary.json'), 'utf8')).toBe('{}');
  expect(commandResult(results())).toBe('0');
});

test('what came back belongs to who called sudo, and what lay there before does not', () => {
  mkdirSync(at('out/run'));
  writeFileSync(at('out/run/summary.json'), '{}');
  writeFileSync(at('kept/of-root'), '');
  writeFileSync(at('control/dmesg.log'), '');
  vi.stubEnv('SUDO_UID', '65534').stubEnv('SUDO_GID', '65534');
  keepResults(results(), at('kept'), at('logs'));
  const owner = (name: string) => lstatSync(at(name)).uid;
  expect(['kept/run', 'kept/run/summary.json', 'logs/dmesg.log'].map(owner)).toEqual(
    Array(3).fill(65_534),
  );
  expect(['kept', 'kept/of-root'].map(owner)).toEqual([0, 0]);
});

test('a link that the guest made is not followed on this machine', () => {
  symlinkSync(at('secret'), at('control/dmesg.log'));
  symlinkSync(at('secret'), at('control/result'));
  symlinkSync(at('secret'), at('out/summary.json'));
  keepResults(results(), at('kept'), at('logs'));
  expect(existsSync(at('logs/dmesg.log'))).toBe(false);
  expect(existsSync(at('kept/summary.json'))).toBe(false);
  expect(commandResult(results())).toBeUndefined();
});

test('a folder of logs that is itself a link is left', () => {
  mkdirSync(at('host'));
  writeFileSync(at('host/dmesg.log'), 'of this machine\n');
  rmSync(at('control'), { recursive: true });
  symlinkSync(at('host'), at('control'));
  keepResults(results(), at('kept'), at('logs'));
  expect(existsSync(at('logs/dmesg.log'))).toBe(false);
});

test('a result that is no word of our script is none', () => {
  writeFileSync(at('control/result'), 'x'.repeat(2000));
  expect(commandResult(results())).toBeUndefined();
});
