import { closeSync, constants, openSync } from 'node:fs';
import type { AttemptCounts, AttemptKind } from './attempt-counts.ts';
import { countErrno } from './count-errno.ts';
import type { LatencyHistogram } from './open-latency.ts';
import { ORDINARY_PROGRAM, runProgram } from './programs.ts';

/** What a worker keeps of its attempts. */
export interface AttemptRecord {
  readonly counts: AttemptCounts;
  /** Of opens in the worker's own process: a program's would be mostly its start. */
  readonly latency: LatencyHistogram;
}

/** Makes one attempt; a promise where its outcome comes later. */
export type Attempt = () => undefined | Promise<void>;

/** The attempts of a kind, counted into these counts. */
export function attemptsOf(kind: AttemptKind, target: string, record: AttemptRecord): Attempt {
  return kind === 'open'
    ? () => openOnce(target, record)
    : () => runProgram(ORDINARY_PROGRAM, ['--', target], record.counts);
}

/** The first of each worker are enough to look for what the agent did beside them. */
const KEPT = 5;

function noteOpen(counts: AttemptCounts): void {
  counts.wentThrough ??= [];
  counts.wentThrough.push({ at: new Date().toISOString(), pid: process.pid });
}

function openOnce(path: string, { counts, latency }: AttemptRecord): undefined {
  counts.attempts += 1;
  const begun = performance.now();
  try {
    const descriptor = openSync(path, constants.O_RDONLY);
    latency.record(performance.now() - begun);
    closeSync(descriptor);
    counts.allowed += 1;
    if (counts.allowed <= KEPT) noteOpen(counts);
  } catch (error) {
    latency.record(performance.now() - begun);
    countErrno(counts, error);
  }
}
