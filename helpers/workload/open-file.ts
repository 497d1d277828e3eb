/**
 * Opens one file in a process of its own and says what happened, as one JSON line.
 * The agent signals whoever opens a denied file, so the suite itself never does; this process
 * survives SIGTERM and SIGINT in order to count them.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readProcessFacts } from '../host/process-facts.ts';

/** bpf_send_signal delivers on the way back to user space; a loaded host may take a little longer. */
const SIGNAL_WAIT_MS = 300;
const POLL_MS = 5;

const [path, opens = '1'] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: open-file.ts PATH [OPENS]');

const self = readProcessFacts(process.pid);
let signals = 0;
const count = () => {
  signals += 1;
};
process.on('SIGTERM', count);
process.on('SIGINT', count);

const outcomes: ({ allowed: true; sha256: string } | { allowed: false; errno: string })[] = [];

/** Between two opens: a signal that comes while one is pending is lost (signal(7)). */
async function untilSignal(before: number): Promise<void> {
  const end = performance.now() + SIGNAL_WAIT_MS;
  while (signals === before && performance.now() < end) await sleep(POLL_MS);
}

for (let index = 0; index < Number(opens); index += 1) {
  const before = signals;
  try {
    const bytes = readFileSync(path);
    outcomes.push({ allowed: true, sha256: hash('sha256', bytes) });
  } catch (error) {
    outcomes.push({ allowed: false, errno: (error as NodeJS.ErrnoException).code ?? 'unknown' });
  }
  if (index + 1 < Number(opens)) await untilSignal(before);
}
await sleep(SIGNAL_WAIT_MS);
process.stdout.write(`${JSON.stringify({ pid: process.pid, self, outcomes, signals })}\n`);
