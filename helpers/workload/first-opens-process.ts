/**
 * Opens one file every few milliseconds from before the agent starts until an open is refused, or it is
 * told to stop, and tells when each open began. A process of its own, because the agent signals
 * whoever opens a denied file. Its clock is CLOCK_MONOTONIC, the same for every process of the host.
 */
import { closeSync, openSync } from 'node:fs';

const [path = ''] = process.argv.slice(2);

const EVERY_MS = 10;
/** Twenty minutes of opens; a start takes no longer. */
const MOST_OPENS = 120_000;

const begunMs: number[] = [];
let refusedMs: number | undefined;
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});

function end(): void {
  clearInterval(ticking);
  process.send?.({ kind: 'report', begunMs, refusedMs }, () => process.disconnect?.());
}

const ticking = setInterval(() => {
  const at = Number(process.hrtime.bigint()) / 1e6;
  begunMs.push(at);
  try {
    closeSync(openSync(path, 'r'));
  } catch {
    refusedMs = at;
  }
  if (begunMs.length === 1) process.send?.({ kind: 'up' });
  if (refusedMs !== undefined || begunMs.length === MOST_OPENS) end();
}, EVERY_MS);

process.on('message', (message) => {
  if (message === 'stop') end();
});
process.on('disconnect', () => process.exit(0));
