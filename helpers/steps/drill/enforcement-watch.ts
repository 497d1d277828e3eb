import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { OwnFile } from '../../changes/own-file.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import { onStepEnd } from '../../criteria/step-signal.ts';

const stretch = z.object({
  outcome: z.string(),
  /** First and last open of the stretch, in ms of CLOCK_MONOTONIC. */
  firstMs: z.number(),
  lastMs: z.number(),
  opens: z.number().int(),
});
const report = z.object({
  kind: z.literal('report'),
  stretches: z.array(stretch),
  opens: z.number().int(),
  signals: z.number().int(),
});
const message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('turned'), outcome: z.string() }),
  report,
]);

/** Opens in a row that all ended alike: `denied` (EPERM), `allowed`, or another errno. */
export type Stretch = z.output<typeof stretch>;
export type WatchReport = Omit<z.output<typeof report>, 'kind'>;

/** Opens a second; the same as the soak's default load (SOAK_RATE). */
const OPENS_PER_SECOND = 500;
const END_TIMEOUT_MS = 20_000;
/** An emulated host takes seconds to start a process. */
export const FIRST_OPEN_TIMEOUT_MS = 60_000;

/** A process of ours that opens a file all the time: when enforcement comes and goes, to the open. */
export class EnforcementWatch {
  readonly #child: ChildProcess;
  readonly #path: string;
  readonly #waiting = new Set<() => void>();
  readonly #ended: Promise<void>;
  #outcome: string | undefined;
  #report: WatchReport | undefined;

  constructor(file: Pick<OwnFile, 'path'>, environment: Readonly<Record<string, string>>) {
    this.#path = file.path;
    const script = fileURLToPath(new URL('watch-process.ts', import.meta.url));
    const options = JSON.stringify({ path: file.path, opensPerSecond: OPENS_PER_SECOND });
    this.#child = fork(script, [options], {
      env: { ...environment },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (text) => this.#take(message.parse(text)));
    this.#child.on('error', () => {});
    this.#ended = new Promise((resolve) =>
      this.#child.once('exit', () => {
        for (const wake of this.#waiting) wake();
        resolve();
      }),
    );
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What the latest opens met; undefined before the first. */
  get outcome(): string | undefined {
    return this.#outcome;
  }

  /** Waits until opens end so; false after the deadline, or when the process is gone. */
  async until(outcome: string, timeoutMs: number): Promise<boolean> {
    const gone = () => this.#child.exitCode !== null || this.#child.signalCode !== null;
    if (this.#outcome === outcome) return true;
    return new Promise((resolve) => {
      const settle = (held: boolean) => {
        clearTimeout(timer);
        forget();
        this.#waiting.delete(wake);
        resolve(held);
      };
      const wake = () => {
        if (this.#outcome === outcome) settle(true);
        else if (gone()) settle(false);
      };
      const timer = setTimeout(() => settle(false), timeoutMs);
      const forget = onStepEnd(() => settle(false));
      this.#waiting.add(wake);
    });
  }

  /**
   * Ends the opens. @returns every stretch since the start.
   * @throws JudgementError (inconclusive) when the process died: what it saw is lost.
   */
  async stop(): Promise<WatchReport> {
    if (this.#child.connected) this.#child.send('stop');
    const timer = setTimeout(() => this.kill(), END_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
    if (this.#report === undefined) {
      throw noEvidence(
        `the process that opens ${this.#path} ended without a report (${this.#child.signalCode ?? `exit ${this.#child.exitCode}`}); run again`,
        { source: 'watch process' },
      );
    }
    return this.#report;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(seen: z.output<typeof message>): void {
    if (seen.kind === 'report') this.#report = seen;
    else {
      this.#outcome = seen.outcome;
      for (const wake of this.#waiting) wake();
    }
  }
}

/** Time without enforcement between two stretches of denials, and the opens that went through. */
export interface Gap {
  readonly ms: number;
  readonly allowedOpens: number;
}

/**
 * Reads exactly one gap: denied, allowed, denied. Anything else is not one restart.
 * @returns the gap, or in words what was seen instead.
 */
export function singleGap(stretches: readonly Stretch[]): Gap | string {
  const [before, gap, after, ...more] = stretches;
  const shown = stretches.map(({ outcome, opens }) => `${opens} ${outcome}`).join(', ');
  if (
    before?.outcome !== 'denied' ||
    gap?.outcome !== 'allowed' ||
    after?.outcome !== 'denied' ||
    more.length > 0
  ) {
    return `the opens were ${shown || 'none at all'}, expected denied, allowed, denied`;
  }
  return { ms: Math.round(after.firstMs - before.lastMs), allowedOpens: gap.opens };
}

/** Opens that were denied, over all stretches. */
export function deniedOpens(stretches: readonly Stretch[]): number {
  return stretches
    .filter(({ outcome }) => outcome === 'denied')
    .reduce((sum, { opens }) => sum + opens, 0);
}

/** Opens a second that were really made: a slow host makes fewer than it is asked for. */
export function openRate({ stretches, opens }: WatchReport): number {
  const [first, last] = [stretches[0], stretches.at(-1)];
  const ms = first === undefined || last === undefined ? 0 : last.lastMs - first.firstMs;
  return ms === 0 ? 0 : Math.round((1000 * opens) / ms);
}
