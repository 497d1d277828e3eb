import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal } from '../changes/journal.ts';
import { Launcher } from './launch.ts';

let folder: ReturnType<typeof dirSync>;
let journal: Journal;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  const path = join(folder.name, 'journal.ndjson');
  const run = {
    ...{ kind: 'run', runId: 'run', runDirectory: '/tmp/run', candidate: '/bin/true' },
    ...{ candidateSha256: 'ab', environment: {}, startedAt: '2026-11-23T14:00:00Z' },
  };
  writeFileSync(path, `${JSON.stringify(run)}\n`, { mode: 0o600 });
  journal = new Journal(path);
});
afterEach(() => folder.removeCallback());

const pending = () =>
  journal.read()?.pending.map(({ entry }) => (entry.kind === 'unit' ? entry.name : entry.kind));

/** @param systemctl stands in for the tool: what it answers for a unit is what counts. */
function launched(kind: 'service' | 'scope', systemctl = '/bin/true') {
  const launcher = new Launcher({ systemctl, systemdRun: '/usr/bin/systemd-run' }, 'run', journal);
  const launch = launcher.launch(kind, { A: 'b c' });
  if (typeof launch === 'string') throw new Error(launch);
  return launch;
}

test('a host without systemd has neither kind, and says why', () => {
  const launcher = new Launcher('there is no systemd', 'run', journal);
  expect(launcher.launch('service', {})).toBe('there is no systemd');
  expect(launcher.launch('scope', {})).toBe('there is no systemd');
  expect(launcher.launch('root', {})).toEqual({ before: [] });
  expect(pending()).toEqual([]);
});

test('a service has our environment and pipes, and a scope is below user.slice', () => {
  const ours = ['/usr/bin/systemd-run', '--quiet', '--collect'];
  expect(launched('service').before).toEqual([
    ...[...ours, '--unit=aegisbpf-canary-run-1.service', '--pipe', '--wait'],
    ...['--setenv=A=b c', '--'],
  ]);
  expect(launched('scope').before).toEqual([
    ...[...ours, '--unit=aegisbpf-canary-run-1.scope', '--scope', '--slice=user.slice', '--'],
  ]);
});

test('a unit stands in the journal until its process has ended in order', async () => {
  const { ended } = launched('service');
  expect(pending()).toEqual(['aegisbpf-canary-run-1.service']);
  await ended?.(0);
  expect(pending()).toEqual([]);
});

test('a unit whose process did not is stopped, and stays in the journal while it lives', async () => {
  await launched('scope', '/bin/false').ended?.(undefined);
  expect(pending()).toEqual(['aegisbpf-canary-run-1.scope']);
  await launched('service', '/bin/true').ended?.(1);
  expect(pending()).toEqual(['aegisbpf-canary-run-1.scope']);
});
