import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterAll, expect, test } from 'vitest';
import { CannotBegin, whyNot } from './cannot-begin.ts';
import { readSettings } from './settings.ts';
import { readSigningKey, signingKey } from './signing-key.ts';

const folder = dirSync({ unsafeCleanup: true });
afterAll(() => folder.removeCallback());

const signingKeyProblem = (path: string) => whyNot(() => readSigningKey(path));

const pem = (type: 'ed25519' | 'x25519') =>
  type === 'ed25519'
    ? generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
    : generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' });

function keyFile(name: string, text: string | Buffer, mode = 0o600): string {
  const path = join(folder.name, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test('a private Ed25519 key that only its owner can read is taken', () => {
  const path = keyFile('good.pem', pem('ed25519'));
  expect(signingKeyProblem(path)).toBeUndefined();
  expect(readSigningKey(path).type).toBe('private');
});

test.each([0o644, 0o640, 0o604, 0o620])('a key of mode %o is refused', (mode) => {
  const path = keyFile(`mode-${mode}.pem`, pem('ed25519'), mode);
  expect(signingKeyProblem(path)).toMatch(/^its mode is 06\d\d, so others .*chmod 0600/);
});

test('what is no such key is refused without a word of what is in it', () => {
  const secret = 'correct horse battery staple';
  expect(signingKeyProblem(keyFile('text', secret))).toBe(
    'it holds no private key in PEM without a passphrase',
  );
  expect(signingKeyProblem(keyFile('other.pem', pem('x25519')))).toMatch(/type x25519/);
  expect(signingKeyProblem(folder.name)).toBe('it is not a regular file');
  expect(signingKeyProblem(join(folder.name, 'none'))).toMatch(/ENOENT/);
});

test('a bad key is named beside every other bad knob, before anything is touched', () => {
  const environment = { SIGNING_KEY: join(folder.name, 'none'), WORKERS: '0' };
  expect(() => readSettings(environment)).toThrow(/^2 knobs .*WORKERS.*SIGNING_KEY=".*none"/s);
});

test('a key that changes between the door and the run is refused in one line, as at the door', () => {
  const path = keyFile('changed.pem', pem('ed25519'));
  expect(readSettings({ SIGNING_KEY: path }).SIGNING_KEY).toBe(path);
  expect(signingKey(path)?.type).toBe('private');
  chmodSync(path, 0o644);
  expect(() => signingKey(path)).toThrow(CannotBegin);
  expect(() => signingKey(path)).toThrow(
    /^SIGNING_KEY=".*changed\.pem": cannot sign with it: its mode is 0644/,
  );
  expect(signingKey(undefined)).toBeUndefined();
});
