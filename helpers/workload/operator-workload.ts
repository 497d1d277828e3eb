import { type ChildProcess, spawn } from 'node:child_process';
import { Waiters } from '../criteria/step-signal.ts';
import { counted } from '../text/counted.ts';
import type { Failure, WatchedWorkload } from './watched-workload.ts';

/** A command that ends at once is no reason to start a hundred in a second. */
const BETWEEN_MS = 1000;
/** Of SIGTERM to the command's end. */
const PATIENCE_MS = 10_000;
/** Of what it writes the last of it is kept. */
const KEPT_BYTES = 64 * 1024;
const KEPT_WORDS = 300;
const KEPT_FAILURES = 100;
/** A run that lasts so many times as long as the longest one before, and so long, is held up by something. */
const [MANY_TIMES, STUCK_MS] = [10, 30_000];

/** How a program of the operator's is begun. */
export interface OperatorProgram {
  /** A program by its whole path, and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** A control group of ours that it and all it starts are in. */
  readonly cgroup?: string | undefined;
  /** It is one of ours with a channel: it gets each message, unchecked, and is asked to end by one. */
  readonly heard?: (message: unknown) => void;
}

/** Joins the control group where that may be (cgroups(7): 0 is the writer itself), then becomes the program. */
const JOIN = '{ echo 0 >"$0/cgroup.procs"; } 2>/dev/null; exec "$@"';

/**
 * The operator's own program, which works while the agent runs. It goes on until it is stopped: whenever it has ended, well or
 * not, it is started again after a second. It has a process group of its own, no input, and ends with the run (CANARY_RUN_ID).
 */
export class OperatorWorkload implements WatchedWorkload {
  /** How often it ended with exit code 0. */
  completed = 0;
  failed = 0;
  /** The first of them. */
  readonly failures: Failure[] = [];
  readonly #of: OperatorProgram;
  readonly #waiters = new Waiters();
  #child: ChildProcess | undefined;
  #again: NodeJS.Timeout | undefined;
  #isStopping = false;
  #begunMs = 0;
  /** How long the longest run took that ended well. */
  #longestMs = 0;
  #stuck: string | undefined;
  #output = Buffer.alloc(0);
  #words = Buffer.alloc(0);

  constructor(of: OperatorProgram) {
    this.#of = of;
    this.#begin();
  }

  /** The end of what it wrote to standard output and standard error. */
  get output(): string {
    return this.#output.toString('utf8');
  }

  get told(): string {
    return this.completed === 0
      ? 'ran on'
      : `ended with exit code 0 ${counted(this.completed, 'time')}`;
  }

  get stuck(): string | undefined {
    return this.#stuck;
  }

  /** Waits until it has ended once, or for this time. */
  async untilItEnds(timeoutMs: number): Promise<void> {
    await this.#waiters.until(() => this.completed + this.failed > 0, timeoutMs);
  }

  trial(timeoutMs: number): Promise<void> {
    return this.untilItEnds(timeoutMs);
  }

  /** Ends it by SIGTERM, or by a message where it has a channel, and by SIGKILL where it does not end on that. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#again);
    const { pid, connected } = this.#child ?? {};
    if (pid === undefined) return;
    this.#stuck = stuckAfter(performance.now() - this.#begunMs, this.completed, this.#longestMs);
    if (connected === true) this.#child?.send('stop');
    else this.#signal(pid, 'SIGTERM');
    await this.#waiters.until(() => this.#child === undefined, PATIENCE_MS);
    this.#signal(pid, 'SIGKILL');
    await this.#waiters.until(() => this.#child === undefined, PATIENCE_MS);
  }

  #begin(): void {
    const { command, environment, cgroup, heard } = this.#of;
    const joined = cgroup === undefined ? command : ['/bin/sh', '-c', JOIN, cgroup, ...command];
    const [program = '', ...args] = joined;
    const child = spawn(program, args, {
      cwd: '/',
      detached: true,
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe', ...(heard === undefined ? [] : (['ipc'] as const))],
    });
    if (heard !== undefined) child.on('message', heard);
    this.#child = child;
    this.#words = Buffer.alloc(0);
    this.#begunMs = performance.now();
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output = Buffer.concat([this.#output, chunk]).subarray(-KEPT_BYTES);
        this.#words = Buffer.concat([this.#words, chunk]).subarray(-KEPT_WORDS);
      });
    child.once('error', ({ message }) => this.#ended(`could not be started: ${message}`));
    // What it has left behind would work beside the next one.
    child.once('exit', () => child.pid !== undefined && this.#signal(child.pid, 'SIGKILL'));
    // Behind the last of what it wrote.
    child.once('close', (code, signal) => {
      if (child.pid !== undefined) this.#ended(signal ?? `exit ${code}`);
    });
  }

  #ended(end: string): void {
    this.#child = undefined;
    if (!this.#isStopping) {
      // One with a channel is asked before it ends.
      if (end === 'exit 0' && this.#of.heard === undefined) {
        this.completed += 1;
        this.#longestMs = Math.max(this.#longestMs, performance.now() - this.#begunMs);
      } else this.#fail(end);
      this.#again = setTimeout(() => this.#begin(), BETWEEN_MS);
    }
    this.#waiters.wake();
  }

  #fail(end: string): void {
    this.failed += 1;
    if (this.failures.length < KEPT_FAILURES)
      this.failures.push({
        at: new Date().toISOString(),
        end,
        words: this.#words.toString('utf8').trim(),
        ms: Math.round(performance.now() - this.#begunMs),
      });
  }

  #signal(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(-pid, signal);
    } catch {
      // All of its group have ended.
    }
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** @param ms how long a run has lasted that goes on. @param longestMs of those that ended well. */
export function stuckAfter(ms: number, completed: number, longestMs: number): string | undefined {
  if (completed === 0 || ms < STUCK_MS || ms < MANY_TIMES * longestMs) return undefined;
  return `it ended with exit code 0 ${counted(completed, 'time')}, each within ${seconds(longestMs)}, and then ran for ${seconds(ms)} without an end`;
}
