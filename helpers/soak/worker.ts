/**
 * One soak worker: opens the target at a paced rate in its own process and counts every outcome
 * and every signal. It survives the enforce signal by handling it, because the agent signals
 * whoever opens a denied file. Reports over IPC; ends when its parent asks, or is gone.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const options = z
  .object({
    target: z.string(),
    /** Attempts per second of this worker. */
    rate: z.number().positive(),
    /** `open`: in this process; `program`: by an ordinary program each, which a signal may end. */
    attempt: z.enum(['open', 'program']),
    resultFile: z.string(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

const TICK_MS = 5;
const REPORT_MS = 200;
/** Attempts that may be caught up at once; more is recorded as a shortfall of the pace. */
const MAX_BACKLOG_SECONDS = 1;

const counts = {
  pid: process.pid,
  attempts: 0,
  allowed: 0,
  eperm: 0,
  signals: 0,
  /** Programs ended by a signal (attempt: program). */
  ended: 0,
  skipped: 0,
  otherErrno: {} as Record<string, number>,
};

const programPids: number[] = [];
let programsRunning = 0;
let stopping = false;
const countSignal = () => {
  counts.signals += 1;
};
process.on('SIGTERM', countSignal);
process.on('SIGINT', countSignal);

function openOnce(): void {
  counts.attempts += 1;
  try {
    closeSync(openSync(options.target, 'r'));
    counts.allowed += 1;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'EPERM') counts.eperm += 1;
    else counts.otherErrno[code] = (counts.otherErrno[code] ?? 0) + 1;
  }
}

function runProgramOnce(): void {
  counts.attempts += 1;
  programsRunning += 1;
  const child = spawn('/bin/cat', ['--', options.target], { stdio: ['ignore', 'ignore', 'pipe'] });
  if (child.pid !== undefined) programPids.push(child.pid);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1').slice(0, 200);
  });
  child.on('close', (code, signal) => {
    programsRunning -= 1;
    if (signal !== null) {
      counts.ended += 1;
      counts.signals += 1;
      // A signal comes with the denial: the program never lived to print its error.
      counts.eperm += 1;
    } else if (code === 0) counts.allowed += 1;
    else if (said.includes('Operation not permitted')) counts.eperm += 1;
    else counts.otherErrno[`exit ${code}`] = (counts.otherErrno[`exit ${code}`] ?? 0) + 1;
    finishWhenIdle();
  });
}

const attempt = options.attempt === 'open' ? openOnce : runProgramOnce;
let pacing: NodeJS.Timeout | undefined;

function startPacing(): void {
  const begun = process.hrtime.bigint();
  let due = 0;
  pacing = setInterval(() => {
    const elapsed = Number(process.hrtime.bigint() - begun) / 1e9;
    const target = elapsed * options.rate;
    const backlog = target - due;
    if (backlog > options.rate * MAX_BACKLOG_SECONDS + 1) {
      const skipped = Math.floor(backlog - options.rate * MAX_BACKLOG_SECONDS);
      counts.skipped += skipped;
      due += skipped;
    }
    while (due < target - 1) {
      attempt();
      due += 1;
    }
  }, TICK_MS);
}

const report = (final: boolean) => {
  if (process.connected) process.send?.({ ...counts, final, programPids });
};
const reporting = setInterval(() => report(false), REPORT_MS);

function finishWhenIdle(): void {
  if (!stopping || programsRunning > 0) return;
  // The last signals arrive on the way back to user space, a moment after the last open.
  setTimeout(() => {
    clearInterval(reporting);
    writeFileSync(options.resultFile, `${JSON.stringify(counts)}\n`, { mode: 0o640 });
    report(true);
    process.disconnect?.();
  }, 300);
}

process.on('message', (message) => {
  if (message === 'start' && pacing === undefined) startPacing();
  if (message !== 'stop' || stopping) return;
  stopping = true;
  clearInterval(pacing);
  finishWhenIdle();
});
process.on('disconnect', () => {
  if (!stopping) process.exit(1);
});
// The first report tells the parent that this process is up: a slow host takes seconds for that.
report(false);
