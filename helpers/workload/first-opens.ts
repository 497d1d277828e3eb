import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { noEvidence } from '../criteria/judgement.ts';
import { OwnProcess } from './own-process.ts';

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
  readonly #process: OwnProcess;
  readonly #up = Promise.withResolvers<void>();
  #report: FirstOpensReport | undefined;

  constructor(path: string, environment: Readonly<Record<string, string>>) {
    const script = new URL('first-opens-process.ts', import.meta.url);
    this.#process = new OwnProcess(script, path, environment, (text) => {
      const seen = message.parse(text);
      if (seen.kind === 'report') this.#report = seen;
      else this.#up.resolve();
    });
    void this.#process.ended.then(() => this.#up.resolve());
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Waits for the first open. @throws JudgementError (inconclusive) when it does not come. */
  async up(): Promise<void> {
    const late = setTimeout(() => this.kill(), UP_TIMEOUT_MS);
    await this.#up.promise;
    clearTimeout(late);
    if (this.#process.isGone) throw this.#lost();
  }

  /** Waits until an open was refused. @returns whether one was, within the time. */
  async refused(timeoutMs: number): Promise<boolean> {
    await Promise.race([this.#process.ended, sleep(timeoutMs, undefined, { ref: false })]);
    return this.#report?.refusedMs !== undefined;
  }

  /** Ends the opens. @throws JudgementError (inconclusive) when the process died: what it saw is lost. */
  async stop(): Promise<FirstOpensReport> {
    await this.#process.stop(END_TIMEOUT_MS);
    if (this.#report === undefined) throw this.#lost();
    return this.#report;
  }

  kill(): void {
    this.#process.kill();
  }

  #lost(): Error {
    return noEvidence(
      `the process that opens a denied file during the agent's start ended without a report (${this.#process.end}); run again`,
      { source: 'first-opens process' },
    );
  }
}
