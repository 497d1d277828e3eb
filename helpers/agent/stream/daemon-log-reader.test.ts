import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DaemonLog } from './daemon-log-reader.ts';

let folder: ReturnType<typeof dirSync>;
let path: string;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  path = join(folder.name, 'agent.stderr.log');
});
afterEach(() => folder.removeCallback());

const line = (level: string, message: string) =>
  Buffer.from(`2026-11-23 14:05:09.123 [${level}] ${message}\n`);
const textOf = (name: string) => readFileSync(join(folder.name, name), 'utf8');

test('a flood of lines is bounded on disk and keeps its beginning and its end', async () => {
  const log = new DaemonLog(path, undefined, 10_000);
  for (let count = 1; count <= 5000; count += 1) log.push(line('INFO', `line ${count} of many`));
  await log.end();
  const sizes = readdirSync(folder.name).map((name) => statSync(join(folder.name, name)).size);
  expect(sizes).toHaveLength(3);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(10_000);
  expect(textOf('agent.stderr.log')).toContain('line 1 of many');
  expect(textOf('agent.stderr.log.2')).toContain('line 5000 of many');
});

test('rotation loses no error and no state change', async () => {
  const log = new DaemonLog(path, undefined, 10_000);
  const flood = () => {
    for (let count = 0; count < 2000; count += 1) log.push(line('INFO', `line ${count} of many`));
  };
  flood();
  log.push(line('ERROR', 'Ring buffer poll failed {error="first"}'));
  log.push(line('INFO', 'AEGIS_STATE_CHANGE {state=DEGRADED}'));
  log.push(line('WARN', 'map is filling'));
  flood();
  await log.end();
  expect(textOf('agent.stderr.log.1') + textOf('agent.stderr.log.2')).not.toContain('first');
  const kept = textOf('agent.stderr.findings.log');
  for (const words of ['error="first"', 'state=DEGRADED', 'map is filling'])
    expect(kept).toContain(words);
  expect(kept).not.toContain('of many');
  expect(log.errors).toHaveLength(1);
});

test('a flood of one error is bounded too, and counted in full', async () => {
  const log = new DaemonLog(path, undefined, 10_000);
  for (let count = 0; count < 20_000; count += 1)
    log.push(line('ERROR', `poll ${count} failed {errno=${count}}`));
  log.push(line('ERROR', 'another thing broke'));
  await log.end();
  const kept = textOf('agent.stderr.findings.log');
  expect(kept.split('\n').length).toBeLessThan(110);
  expect(kept).toContain('20000 lines in all like:');
  expect(kept).toContain('another thing broke');
  expect([log.errorCount, log.errors.length]).toEqual([20_001, 1000]);
});

test('a daemon that says nothing of the kind leaves no findings file', async () => {
  const log = new DaemonLog(path);
  log.push(line('INFO', 'Agent stopped'));
  log.push(Buffer.from('last words without a newline'));
  await log.end();
  expect(existsSync(join(folder.name, 'agent.stderr.findings.log'))).toBe(false);
  expect(log.lastWords).toBe('last words without a newline');
  expect(textOf('agent.stderr.log')).toContain('last words');
});
