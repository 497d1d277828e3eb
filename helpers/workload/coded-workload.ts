import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { Waiters } from '../criteria/step-signal.ts';
import { COMPILE_CACHE } from '../files/compile-cache.mjs';
import { counted } from '../text/counted.ts';
import { OperatorWorkload } from './operator-workload.ts';
import type { OwnWorkload } from './own-workload.ts';
import type { Failure, WatchedWorkload } from './watched-workload.ts';

/** A workload of a team's own as other processes know it. */
export type NamedWorkload = Pick<OwnWorkload, 'name' | 'module'> & {
  readonly pieceSeconds: number;
};

/** Where nothing is said (`OwnWorkload`). */
export const DEFAULT_PIECE_SECONDS = 10;

const SCRIPT = fileURLToPath(new URL('./own-workload-process.ts', import.meta.url));
const LOOK_MS = 500;
/** Emulated hosts take seconds to start Node; what takes longer cannot be called work. */
const START_MS = 30_000;
const KEPT_FAILURES = 100;

const report = z.object({
  pid: z.int(),
  completed: z.number().nonnegative(),
  failed: z.number().nonnegative(),
  error: z.string().optional(),
});

/** Work of a team's own in a process of its own: it fails by a failed piece, by its end, and by doing nothing for too long. */
export class CodedWorkload implements WatchedWorkload {
  completed = 0;
  readonly #own: Failure[] = [];
  readonly #of: NamedWorkload;
  readonly #program: OperatorWorkload;
  readonly #waiters = new Waiters();
  readonly #begunMs = performance.now();
  readonly #looking: NodeJS.Timeout;
  #pieces = { pid: 0, completed: 0, failed: 0 };
  #ownFailed = 0;
  #progressMs = performance.now();
  #counts = '';

  /** @param cgroup a control group of ours that it and all it starts are in. */
  constructor(
    of: NamedWorkload,
    environment: Readonly<Record<string, string>>,
    cgroup: string | undefined,
  ) {
    this.#of = of;
    this.#program = new OperatorWorkload({
      command: [process.execPath, SCRIPT, of.module, of.name],
      environment: { ...environment, ...COMPILE_CACHE },
      cgroup,
      heard: (message) => this.#hear(message),
    });
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  get failed(): number {
    return this.#program.failed + this.#ownFailed;
  }

  get failures(): readonly Failure[] {
    return [...this.#program.failures, ...this.#own]
      .sort((one, other) => one.at.localeCompare(other.at))
      .slice(0, KEPT_FAILURES);
  }

  get output(): string {
    return `${this.#program.output}${this.#counts}`;
  }

  get told(): string {
    return `did ${counted(this.completed, 'piece')} of work`;
  }

  async untilItEnds(timeoutMs: number): Promise<void> {
    // The first piece has its own time besides.
    const first = this.completed > 0 ? 0 : START_MS + 1000 * this.#of.pieceSeconds + 2 * LOOK_MS;
    const isOver = () => this.completed + this.failed > 0;
    await this.#waiters.until(isOver, Math.max(timeoutMs, first));
  }

  /** Its pieces come one after the other: one that is well shows nothing of the next. */
  async trial(timeoutMs: number): Promise<void> {
    await this.#waiters.until(() => this.failed > 0, timeoutMs);
    await this.untilItEnds(0);
  }

  /** Not before one more piece has come to its end: by then it has worked all the time. */
  async stop(): Promise<void> {
    const { completed } = this;
    const isOver = () => this.completed > completed || this.failed > 0;
    await this.#waiters.until(isOver, 1000 * this.#of.pieceSeconds + 2 * LOOK_MS);
    clearInterval(this.#looking);
    await this.#program.stop();
  }

  #hear(message: unknown): void {
    const parsed = report.safeParse(message);
    if (!parsed.success) {
      this.#fail(`its counts are not { completed, failed }: ${z.prettifyError(parsed.error)}`, '');
      return;
    }
    const { pid, completed, failed, error = '' } = parsed.data;
    // Another life begins to count anew.
    const isSame = pid === this.#pieces.pid;
    const before = isSame ? this.#pieces : { completed: 0, failed: 0 };
    this.#pieces = { pid, completed, failed };
    const [done, broken] = [completed - before.completed, failed - before.failed];
    this.#counts = `${new Date().toISOString()} pid ${pid}: ${completed} completed, ${failed} failed\n`;
    if (done > 0 || !isSame) this.#progressMs = performance.now();
    this.completed += Math.max(0, done);
    if (broken > 0) this.#fail(`${counted(broken, 'piece')} of work failed`, error);
    this.#waiters.wake();
  }

  #look(): void {
    this.#waiters.wake();
    const patience = (this.#pieces.pid === 0 ? START_MS : 0) + 1000 * this.#of.pieceSeconds;
    if (performance.now() - this.#progressMs < patience) return;
    this.#progressMs = performance.now();
    this.#fail(`it completed nothing for ${patience / 1000} s`, '');
  }

  #fail(end: string, words: string): void {
    this.#ownFailed += 1;
    const ms = Math.round(performance.now() - this.#begunMs);
    if (this.#own.length < KEPT_FAILURES)
      this.#own.push({ at: new Date().toISOString(), end, words, ms });
    this.#waiters.wake();
  }
}
