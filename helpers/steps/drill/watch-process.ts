/**
 * Opens one file again and again at a steady pace and notes when what happens to the opens changes.
 * A process of its own, because the agent signals whoever opens a denied file; it survives SIGTERM
 * and SIGINT. Its clock is CLOCK_MONOTONIC, the same for every process of the host.
 */
import { closeSync, openSync } from 'node:fs';
import type { Stretch, WatchOrder } from './enforcement-watch.ts';

const options: WatchOrder = JSON.parse(process.argv[2] ?? '');

/** An outcome that changes at every open must not fill the memory. */
const MOST_STRETCHES = 10_000;
const stretches: Stretch[] = [];
/** The last signals arrive on the way back to user space, a moment after the last open. */
const LAST_SIGNAL_MS = 300;
let opens = 0;
let denied = 0;
let signals = 0;
/** Somebody waits to be told how the next open ends. */
let asked = false;
const count = () => {
  signals += 1;
};
process.on('SIGTERM', count);
process.on('SIGINT', count);

const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

function outcomeOfOpen(): string {
  try {
    closeSync(openSync(options.path, 'r'));
    return 'allowed';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return code === 'EPERM' ? 'denied' : code;
  }
}

function openOnce(): void {
  const at = nowMs();
  const outcome = outcomeOfOpen();
  if (asked) process.send?.({ kind: 'opened', outcome });
  asked = false;
  opens += 1;
  if (outcome === 'denied') denied += 1;
  const last = stretches.at(-1);
  if (last?.outcome === outcome) {
    last.lastMs = at;
    last.opens += 1;
    return;
  }
  if (stretches.length < MOST_STRETCHES)
    stretches.push({ outcome, firstMs: at, lastMs: at, opens: 1 });
  process.send?.({ kind: 'turned', outcome });
}

const begun = nowMs();
const ticking = setInterval(() => {
  // At most one tick's arrears are made up for: a burst would not be a steady load.
  const due = ((nowMs() - begun) / 1000) * options.opensPerSecond;
  if (opens < due) openOnce();
}, 1);

process.on('message', (message) => {
  if (message === 'next') asked = true;
  if (message === 'denied') process.send?.({ kind: 'denied', opens: denied });
  if (message !== 'stop') return;
  clearInterval(ticking);
  setTimeout(
    () =>
      process.send?.({ kind: 'report', stretches, opens, signals }, () => process.disconnect?.()),
    LAST_SIGNAL_MS,
  );
});
process.on('disconnect', () => process.exit(0));
