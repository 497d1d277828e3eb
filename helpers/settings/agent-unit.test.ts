import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readAgentUnit } from './agent-unit.ts';

const folder = mkdtempSync(join(tmpdir(), 'agent-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const unit = join(folder, 'x.service');
writeFileSync(unit, '[Service]\nRestart=no');

test('a unit alone', () => {
  expect(readAgentUnit(unit)).toEqual({ name: 'x.service', text: '[Service]\nRestart=no' });
});

test('its drop-ins stand behind it in order of their names, and no other file does', () => {
  const beside = join(folder, 'x.service.d');
  mkdirSync(join(beside, '30-folder.conf'), { recursive: true });
  for (const name of ['20-b.conf', '10-a.conf', '.hidden.conf', '40-c.conf.bak'])
    writeFileSync(join(beside, name), `# ${name}\n`);
  symlinkSync('/dev/null', join(beside, '50-masked.conf'));
  expect(readAgentUnit(unit)).toEqual({
    name: 'x.service with 10-a.conf, 20-b.conf',
    text: '[Service]\nRestart=no\n# 10-a.conf\n\n# 20-b.conf\n',
  });
});
