import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { noEvidence } from '../criteria/judgement.ts';
import { COMPILE_CACHE } from '../files/compile-cache.ts';

const report = z.object({
  kind: z.literal('report'),
  /** When each open began, in ms of CLOCK_MONOTONIC. */
  begunMs: z.array(z.number()),
  /** When the first one that was refused began. */
  refusedMs: z.number().optional(),
});
const message = z.discriminatedUnion('kind', [z.object({ kind: z.literal('up') }), report]);

/** The opens that were made while an agent started. */
export type FirstOpensReport = Omit<z.output<typeof report>, 'kind'>;

/** An emulated host takes seconds to start a process. */
const UP_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 20_000;

/** A process of ours that opens a denied file from before the agent's start until it is refused. */
export class FirstOpens {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #up = Promise.withResolvers<void>();
  #report: FirstOpensReport | undefined;

  constructor(path: string, environment: Readonly<Record<string, string>>) {
    const script = fileURLToPath(new URL('first-opens-process.ts', import.meta.url));
    this.#child = fork(script, [JSON.stringify({ path })], {
      env: { ...environment, ...COMPILE_CACHE },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (text) => {
      const seen = message.parse(text);
      if (seen.kind === 'report') this.#report = seen;
      else this.#up.resolve();
    });
    this.#child.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => {
        this.#up.resolve();
        resolve();
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Waits for the first open. @throws JudgementError (inconclusive) when it does not come. */
  async up(): Promise<void> {
    const late = setTimeout(() => this.kill(), UP_TIMEOUT_MS);
    await this.#up.promise;
    clearTimeout(late);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw this.#lost();
  }

  /** Waits until an open was refused. @returns whether one was, within the time. */
  async refused(timeoutMs: number): Promise<boolean> {
    await Promise.race([this.#ended, sleep(timeoutMs, undefined, { ref: false })]);
    return this.#report?.refusedMs !== undefined;
  }

  /** Ends the opens. @throws JudgementError (inconclusive) when the process died: what it saw is lost. */
  async stop(): Promise<FirstOpensReport> {
    if (this.#child.connected) this.#child.send('stop');
    const timer = setTimeout(() => this.kill(), END_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
    if (this.#report === undefined) throw this.#lost();
    return this.#report;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #lost(): Error {
    const { signalCode, exitCode } = this.#child;
    return noEvidence(
      `the process that opens a denied file during the agent's start ended without a report (${signalCode ?? `exit ${exitCode}`}); run again`,
      { source: 'first-opens process' },
    );
  }
}
