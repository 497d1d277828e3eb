import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { replay } from './replay.ts';

const folder = mkdtempSync(join(tmpdir(), 'replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function recorded(...lines: readonly (object | string)[]): string {
  const path = join(folder, 'events.ndjson');
  writeFileSync(
    path,
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
  return path;
}

const replayed = (events: string) =>
  replay({ name: 'recorded', module: import.meta.url, events, perSecond: 200 });

test('each file that recorded events or groups name is opened again, and one that was removed since is no failure', async () => {
  const [kept, removed] = ['kept', 'removed'].map((name) => join(folder, name));
  for (const path of [kept, removed]) writeFileSync(path ?? '', '');
  const workload = replayed(
    recorded(
      'Agent started',
      { type: 'block', path: removed, ino: 7 },
      { type: 'block', target: kept },
      { type: 'block', target: '4096:7' },
    ),
  );
  await workload.start();
  const counts = await workload.counts();
  await vi.waitFor(() => expect(counts.completed).toBeGreaterThan(2), 10_000);
  rmSync(removed ?? '');
  const { completed } = counts;
  await vi.waitFor(() => expect(counts.completed).toBeGreaterThan(completed + 2), 10_000);
  expect(counts.failed).toBe(0);
  await workload.stop();
});

test('events that name no file of this host are no workload', () => {
  expect(() => replayed(recorded({ type: 'block', target: '4096:7' })).start()).toThrow(
    /nothing to open again: .*events\.ndjson names no file$/,
  );
  expect(() => replayed(recorded({ path: '/dev/null' }, { path: '/no/such' })).start()).toThrow(
    /names 2, none of them on this host$/,
  );
});
