import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { noEvidence } from '../criteria/judgement.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { type AttemptKind, attemptCounts, type WorkloadCounts } from './attempt-counts.ts';
import { latencyCounts } from './latency-schemas.ts';
import { LatencyHistogram, type OpenLatency } from './open-latency.ts';
import { OwnProcess } from './own-process.ts';

const workerReport = attemptCounts.extend({
  pid: z.number().int(),
  /** From the first attempt on, by the worker's own clock. */
  seconds: z.number(),
  /** Since the report before. */
  latency: latencyCounts,
  final: z.boolean(),
});

type WorkerReport = z.output<typeof workerReport>;

/** What workers do, and on what. */
export interface Task {
  /** A path, or a port. */
  readonly target: string;
  /** Opens where nothing is said. */
  readonly attempt?: AttemptKind;
  /** What the worker's own script takes in turn in place of that. */
  readonly routes?: readonly string[];
  /** What the target holds, for routes that must put it back. */
  readonly content?: string;
}

/** What a worker is told to do. */
export interface WorkerOrder extends Task {
  /** Attempts per second of this worker. */
  readonly rate: number;
  /** Share of a tick that it begins later than the first worker, so that they take turns. */
  readonly turn: number;
  readonly resultFile: string;
}

/** What a worker is asked while it works. */
export type WorkerMessage = 'start' | 'stop' | 'report' | { readonly rate: number };

export interface WorkloadOptions {
  /** Of the workers' result files: `NAME-0.json`. */
  readonly name: string;
  readonly task: Task;
  /** Of each worker, where it is not the one that opens. */
  readonly script?: URL;
  readonly workers: number;
  /** Attempts per second of all workers together. */
  readonly rate: number;
  readonly environment: Readonly<Record<string, string>>;
}

const ANSWER_TIMEOUT_MS = 1000;
const WORKER_END_TIMEOUT_MS = 20_000;
/** An emulated host takes about ten seconds to start four of them. */
const WORKER_START_TIMEOUT_MS = 60_000;

/** Where workers leave their counts. */
type ResultFiles = Pick<RunDirectory, 'file'>;

class Worker {
  readonly process: OwnProcess;
  latest: WorkerReport | undefined;
  /** Why it did not come up, in words; undefined once it is up. */
  readonly up: Promise<string | undefined>;
  readonly name: string;

  constructor(
    options: WorkloadOptions,
    index: number,
    run: ResultFiles,
    directory: string,
    heard: (report: WorkerReport) => void,
  ) {
    this.name = `${options.name}-${index}`;
    const { task, script = new URL('worker.ts', import.meta.url), workers } = options;
    const order: WorkerOrder = {
      ...task,
      rate: options.rate / workers,
      turn: index / workers,
      resultFile: run.file(directory, `${this.name}.json`),
    };
    const up = Promise.withResolvers<string | undefined>();
    this.process = new OwnProcess(script, JSON.stringify(order), options.environment, (message) => {
      const parsed = workerReport.safeParse(message);
      if (parsed.success) {
        this.latest = parsed.data;
        heard(parsed.data);
      }
      up.resolve(undefined);
    });
    const { child } = this.process;
    child.once('exit', () => up.resolve(`${this} ended at its start ${this.end}`));
    child.once('error', ({ message }) => up.resolve(`${this} could not be started: ${message}`));
    const late = `${this} did not start within ${WORKER_START_TIMEOUT_MS / 1000} s; the host is too busy for a soak`;
    setTimeout(() => up.resolve(late), WORKER_START_TIMEOUT_MS).unref();
    this.up = up.promise;
  }

  toString(): string {
    return `${this.name} (pid ${this.process.pid ?? 'none'})`;
  }

  /** How it ended, in words. */
  get end(): string {
    const { signalCode, exitCode } = this.process.child;
    return signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`;
  }
}

/** Worker processes that open the target at a declared pace, and their counts. */
export class Workload {
  readonly #workers: Worker[];
  readonly #latency = new LatencyHistogram();
  readonly #latencyOfSample = new LatencyHistogram();

  constructor(options: WorkloadOptions, run: ResultFiles, directory: string) {
    const heard = ({ latency }: WorkerReport) => {
      this.#latency.add(latency);
      this.#latencyOfSample.add(latency);
    };
    this.#workers = Array.from(
      { length: options.workers },
      (_, index) => new Worker(options, index, run, directory, heard),
    );
  }

  /** How long opens took since the workload began; undefined where no worker opens by itself. */
  latency(): OpenLatency | undefined {
    return this.#latency.summary();
  }

  /** The same of the opens that were reported since this was called last. */
  takeLatency(): OpenLatency | undefined {
    const summary = this.#latencyOfSample.summary();
    this.#latencyOfSample.take();
    return summary;
  }

  /**
   * Waits until every worker is up.
   * @throws JudgementError (inconclusive) as soon as one does not come up.
   */
  async up(): Promise<void> {
    await Promise.all(
      this.#workers.map(async ({ up }) => {
        const problem = await up;
        if (problem === undefined) return;
        const text = `the soak worker ${problem}; what it printed is in the output of this run`;
        throw noEvidence(text, { source: 'soak workers' });
      }),
    );
  }

  /** Lets all workers begin; they are up. */
  begin(): void {
    for (const { process } of this.#workers) process.child.send('start');
  }

  /** @throws JudgementError (inconclusive) when a worker does not come up. */
  async start(): Promise<void> {
    await this.up();
    this.begin();
  }

  /** Of all workers together, each over the time in which it made its attempts; undefined before. */
  attemptsPerSecond(): number | undefined {
    const rates = this.#workers.flatMap(({ latest }) =>
      latest === undefined || latest.seconds === 0 ? [] : [latest.attempts / latest.seconds],
    );
    return rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0);
  }

  counts(): WorkloadCounts {
    const reports = this.#workers.flatMap(({ latest }) => (latest === undefined ? [] : [latest]));
    const sum = (name: Exclude<keyof WorkloadCounts, 'otherErrno' | 'routes' | 'wentThrough'>) =>
      reports.reduce((total, report) => total + report[name], 0);
    const otherErrno: Record<string, number> = {};
    for (const [errno, count] of reports.flatMap((report) => Object.entries(report.otherErrno))) {
      otherErrno[errno] = (otherErrno[errno] ?? 0) + count;
    }
    const wentThrough = this.#workers
      .flatMap((worker) =>
        (worker.latest?.wentThrough ?? []).map((one) => ({ ...one, worker: worker.name })),
      )
      .sort((a, b) => a.at.localeCompare(b.at));
    return {
      attempts: sum('attempts'),
      allowed: sum('allowed'),
      eperm: sum('eperm'),
      signals: sum('signals'),
      skipped: sum('skipped'),
      otherErrno,
      ...(wentThrough.length === 0 ? {} : { wentThrough }),
      // Only one worker takes them.
      routes: reports[0]?.routes,
    };
  }

  /** The counts of this moment, asked of every worker; those of up to half a second ago without an answer. */
  async countsNow(): Promise<WorkloadCounts> {
    const alive = this.#connected();
    const answers = Promise.all(alive.map((child) => once(child, 'message')));
    for (const child of alive) child.send('report');
    await Promise.race([
      answers.catch(() => {}),
      sleep(ANSWER_TIMEOUT_MS, undefined, { ref: false }),
    ]);
    return this.counts();
  }

  /** Pids of the workers; what they and their children decide on is ours. */
  pids(): readonly number[] {
    return this.#workers.flatMap(({ process }) => process.pid ?? []);
  }

  /** Goes on at this many attempts per second, all workers together. */
  pace(rate: number): void {
    const each = rate / this.#workers.length;
    for (const child of this.#connected()) child.send({ rate: each });
  }

  /** Workers that ended without being asked. */
  dead(): number {
    return this.#workers.filter(({ process }) => process.isGone).length;
  }

  /**
   * Asks every worker to end and waits for its final report.
   * @throws JudgementError (inconclusive) when one died or never reported: its attempts are unknown.
   */
  async stop(): Promise<WorkloadCounts> {
    await Promise.all(this.#workers.map(({ process }) => process.stop(WORKER_END_TIMEOUT_MS)));
    const lost = this.#workers.filter(({ latest }) => latest?.final !== true);
    if (lost.length > 0) {
      const which = lost.map((worker) => `${worker} ${worker.end}`).join(', ');
      throw noEvidence(
        `${lost.length} of ${this.#workers.length} soak workers ended without a final report (${which}), so the attempts cannot be accounted for; see the canary log and run again`,
        { source: 'soak workers' },
      );
    }
    return this.counts();
  }

  kill(): void {
    for (const { process } of this.#workers) process.kill();
  }

  #connected(): ChildProcess[] {
    return this.#workers.map(({ process }) => process.child).filter(({ connected }) => connected);
  }
}
