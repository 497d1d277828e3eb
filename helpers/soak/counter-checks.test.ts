import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { ownEventLine } from '../../fixtures/examples/own-event-line.ts';
import { parseMetrics } from '../agent/contract/metrics.ts';
import type { Scrape } from '../agent/scrape.ts';
import { EventLog } from '../agent/stream/event-log.ts';
import { counterChecks, othersIn } from './counter-checks.ts';

const none = { attempts: 0, allowed: 0, eperm: 0, otherErrno: {}, signals: 0, skipped: 0 };

function scrape(blocks: number, connects: number): Scrape {
  const text = `# TYPE aegisbpf_blocks_total counter\naegisbpf_blocks_total ${blocks}\n# TYPE aegisbpf_net_blocks_total counter\naegisbpf_net_blocks_total{type="connect"} ${connects}\n`;
  const parsed = parseMetrics(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return { ok: true, source: 'metrics', text, metrics: parsed.value };
}

test('only lines of others that came in the soak widen a total, and net blocks need lines of their own', async () => {
  const folder = dirSync({ unsafeCleanup: true });
  const events = new EventLog(join(folder.name, 'events.ndjson'));
  const stranger = { pid: 2 ** 22 - 2, ppid: 2 ** 22 - 3, exec_id: undefined };
  const line = Buffer.from(ownEventLine({ dev: 7, ino: 8 }, stranger));
  for (let before = 0; before < 40; before += 1) events.push(line);
  const strangersBefore = othersIn(events.hostDecisions());
  for (let meanwhile = 0; meanwhile < 3; meanwhile += 1) events.push(line);
  const checks = counterChecks(
    {
      ...{ before: scrape(40, 5), after: scrape(143, 105), strangersBefore, side: [] },
      counts: { ...none, attempts: 100, allowed: 100 },
      loads: { victims: { counts: () => none } },
    },
    { mode: 'audit', events },
  );
  expect(checks).toMatchObject([
    { counter: 'aegisbpf_blocks_total', told: { value: 103 }, least: 100, others: 3 },
    { counter: expect.stringContaining('of our cgroup') },
    { counter: 'aegisbpf_net_blocks_total', told: { value: 100 }, least: 0, most: 0, others: 0 },
  ]);
  await events.end();
  folder.removeCallback();
});
