import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'old-node-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What an old Node is told by the installed package, where these files lie beside it. */
function told(version: string, ...beside: readonly string[]): string {
  const put = (path: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    return join(folder, path);
  };
  for (const path of beside) writeFileSync(put(path), '');
  const check = put('node_modules/aegisbpf-canary/helpers/run/node-check.cjs');
  copyFileSync(join(import.meta.dirname, 'node-check.cjs'), check);
  const old = put('old.cjs');
  writeFileSync(old, `Object.defineProperty(process.versions, 'node', { value: '${version}' });\n`);
  const { status, stderr } = spawnSync(process.execPath, ['--require', old, check]);
  expect(status).toBe(2);
  return String(stderr);
}

test('an old Node is told which one the package brought, or how to get it', () => {
  const brought = `node_modules/node-linux-${process.arch}/bin/node`;
  expect(told('20.19.2')).toContain('`npm ci --ignore-scripts` brings one');
  // As npm 9 installs it.
  expect(told('20.19.2', brought)).toContain('run `npm rebuild --ignore-scripts` once');
  expect(told('18.20.4', brought)).toContain('docs/own-specs.md says how to install');
  expect(told('20.19.2', brought, 'node_modules/.bin/node')).toContain(
    `which use ${join(folder, 'node_modules/.bin/node')}`,
  );
});
