/**
 * The life of one soak worker: it makes attempts at a paced rate in its own process and counts every
 * outcome and every signal. It survives the enforce signal by handling it, because the agent signals
 * whoever opens a denied file. Reports over IPC; ends when its parent asks, or is gone.
 */
import { writeFileSync } from 'node:fs';
import type { AttemptCounts } from './attempt-counts.ts';
import type { Attempt, AttemptRecord } from './attempts.ts';
import { LatencyHistogram } from './open-latency.ts';
import type { WorkerMessage, WorkerOrder } from './workload.ts';

// Told by the process that started it. Reading it with zod would take more than the rest of the start.
export const order: WorkerOrder = JSON.parse(process.argv[2] ?? '');
if (!(order.rate > 0)) throw new Error(`a worker needs a rate, and was told ${order.rate}`);

/** Attempts come in small bunches: waking for each costs more CPU than the opens themselves. */
const BUNCH = 25;
const SHORTEST_TICK_MS = 20;
const LONGEST_TICK_MS = 200;
const REPORT_MS = 500;
/** Attempts that may be caught up at once; more is recorded as a shortfall of the pace. */
const MAX_BACKLOG_SECONDS = 1;
/** Attempts whose outcome is still to come; a host that is slower than this skips. */
const MAX_UNDER_WAY = 64;
/** The last signals arrive on the way back to user space, a moment after the last attempt. */
const LAST_SIGNAL_MS = 300;

const counts: AttemptCounts & { pid: number; skipped: number } = {
  pid: process.pid,
  attempts: 0,
  allowed: 0,
  eperm: 0,
  signals: 0,
  skipped: 0,
  otherErrno: {},
};

// A refusal is no surprise here, and where it was thrown is nobody's question.
Error.stackTraceLimit = 0;

let underWay = 0;
let stopping = false;
const countSignal = () => {
  counts.signals += 1;
};
process.on('SIGTERM', countSignal);
process.on('SIGINT', countSignal);

const latency = new LatencyHistogram();
/** Where attempts are counted. */
export const record: AttemptRecord = { counts, latency };
let attempt: Attempt = () => undefined;
let pacing: NodeJS.Timeout | undefined;
let rate = order.rate;
let due = 0;
let paced = 0;
let since = 0n;
/** When the first attempt could be made, and the last: rates are of this span and no other. */
let begunAt: number | undefined;
let stoppedAt: number | undefined;

function once(): void {
  if (underWay >= MAX_UNDER_WAY) {
    counts.skipped += 1;
    return;
  }
  const outcome = attempt();
  if (outcome === undefined) return;
  underWay += 1;
  void outcome.finally(() => {
    underWay -= 1;
    finishWhenIdle();
  });
}

/** From now on at this rate; what the former one still asked for is given up. */
function startPacing(attemptsPerSecond: number): void {
  rate = attemptsPerSecond;
  begunAt ??= performance.now();
  const bunchMs = (1000 * BUNCH) / rate;
  const tickMs = Math.min(LONGEST_TICK_MS, Math.max(SHORTEST_TICK_MS, bunchMs));
  clearInterval(pacing);
  since = process.hrtime.bigint();
  due = 0;
  paced = 0;
  pacing = setTimeout(() => {
    pacing = setInterval(catchUp, tickMs);
    catchUp();
  }, order.turn * tickMs);
}

function catchUp(): void {
  due = (Number(process.hrtime.bigint() - since) / 1e9) * rate;
  const backlog = due - paced;
  if (backlog > rate * MAX_BACKLOG_SECONDS + 1) {
    const skipped = Math.floor(backlog - rate * MAX_BACKLOG_SECONDS);
    counts.skipped += skipped;
    paced += skipped;
  }
  while (paced < due) {
    once();
    paced += 1;
  }
  reportNowAndThen();
}

const report = (final: boolean) => {
  if (!process.connected) return;
  const seconds = begunAt === undefined ? 0 : ((stoppedAt ?? performance.now()) - begunAt) / 1000;
  process.send?.({ ...counts, seconds, latency: latency.take(), final });
};
let reportedAt = 0;
let outcomesSeen = 0;
/**
 * With the pace and not beside it: each time it wakes, a process costs more than a report does. The
 * first outcome of its kind is told at once, for it may end the soak.
 */
function reportNowAndThen(): void {
  const now = performance.now();
  const outcomes =
    [counts.allowed, counts.eperm, counts.signals].filter((count) => count > 0).length +
    Object.keys(counts.otherErrno).length;
  const isEarly = now - reportedAt < REPORT_MS - LONGEST_TICK_MS / 2;
  if (isEarly && outcomes === outcomesSeen) return;
  outcomesSeen = outcomes;
  reportedAt = now;
  report(false);
}

function finishWhenIdle(): void {
  if (!stopping || underWay > 0) return;
  setTimeout(() => {
    writeFileSync(order.resultFile, `${JSON.stringify(counts)}\n`, { mode: 0o640 });
    report(true);
    process.disconnect?.();
  }, LAST_SIGNAL_MS);
}

process.on('message', (asked: WorkerMessage) => {
  if (asked === 'start') startPacing(order.rate);
  else if (asked === 'report') report(false);
  else if (asked !== 'stop') startPacing(asked.rate);
  else if (!stopping) {
    stopping = true;
    stoppedAt = performance.now();
    clearInterval(pacing);
    finishWhenIdle();
  }
});
process.on('disconnect', () => {
  if (!stopping) process.exit(1);
});

/** From now on the process is up: it makes these attempts as soon as it is told to. */
export function work(made: Attempt): void {
  attempt = made;
  // The first report tells the parent: a slow host takes seconds for a start.
  report(false);
}
