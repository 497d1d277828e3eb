import { z } from 'zod';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import type { EnforceSignal } from '../../agent/daemon-options.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { fail, type Judgement, noEvidence } from '../../criteria/judgement.ts';
import { Waiters } from '../../criteria/step-signal.ts';
import { OwnProcess } from '../../workload/own-process.ts';

const stretch = z.object({
  outcome: z.string(),
  /** When its first and its last open began, in ms of CLOCK_MONOTONIC. */
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
  z.object({ kind: z.literal('opened'), outcome: z.string() }),
  z.object({ kind: z.literal('denied'), opens: z.number().int() }),
  report,
]);

/** Opens in a row that all ended alike: `denied` (EPERM), `allowed`, or another errno. */
export type Stretch = z.output<typeof stretch>;
export type WatchReport = Omit<z.output<typeof report>, 'kind'>;

/** What the process is told to do. */
export interface WatchOrder {
  readonly path: string;
  readonly opensPerSecond: number;
}

/** Opens a second; the same as the soak's default load (SOAK_RATE). */
const OPENS_PER_SECOND = 500;
/** One a tick of its timer, also where it makes up for what a busy host held up. */
const MOST_OPENS_PER_MS = 1;
const END_TIMEOUT_MS = 20_000;
/** An emulated host takes seconds to start a process. */
export const FIRST_OPEN_TIMEOUT_MS = 60_000;

/** A process of ours that opens a file all the time: when enforcement comes and goes, to the open. */
export class EnforcementWatch {
  readonly #process: OwnProcess;
  readonly #path: string;
  readonly #waiters = new Waiters();
  #outcome: string | undefined;
  #next: string | undefined;
  #denied: number | undefined;
  #report: WatchReport | undefined;

  constructor({ path }: Pick<OwnFile, 'path'>, environment: Readonly<Record<string, string>>) {
    this.#path = path;
    const script = new URL('watch-process.ts', import.meta.url);
    const order: WatchOrder = { path, opensPerSecond: OPENS_PER_SECOND };
    this.#process = new OwnProcess(script, JSON.stringify(order), environment, (text) =>
      this.#take(message.parse(text)),
    );
    void this.#process.ended.then(() => this.#waiters.wake());
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What the latest opens met; undefined before the first. */
  get outcome(): string | undefined {
    return this.#outcome;
  }

  /** Waits until opens end so; false after the deadline, or when the process is gone. */
  until(outcome: string, timeoutMs: number): Promise<boolean> {
    const holds = () => this.#outcome === outcome;
    return this.#waiters.until(holds, timeoutMs, () => this.#process.isGone);
  }

  /** What an open meets that begins after now; undefined where the process is gone. */
  async nextOutcome(): Promise<string | undefined> {
    this.#next = undefined;
    if (!this.#process.child.connected) return undefined;
    this.#process.child.send('next');
    const told = () => this.#next !== undefined;
    await this.#waiters.until(told, END_TIMEOUT_MS, () => this.#process.isGone);
    return this.#next;
  }

  /** Opens that were denied until now; 0 where the process is gone. */
  async deniedSoFar(): Promise<number> {
    this.#denied = undefined;
    if (this.#process.child.connected) this.#process.child.send('denied');
    const told = () => this.#denied !== undefined;
    await this.#waiters.until(told, END_TIMEOUT_MS, () => this.#process.isGone);
    return this.#denied ?? 0;
  }

  /**
   * Ends the opens. @returns every stretch since the start.
   * @throws JudgementError (inconclusive) when the process died: what it saw is lost.
   */
  async stop(): Promise<WatchReport> {
    await this.#process.stop(END_TIMEOUT_MS);
    if (this.#report !== undefined) return this.#report;
    throw noEvidence(
      `the process that opens ${this.#path} ended without a report (${this.#process.end}); run again`,
      { source: 'watch process' },
    );
  }

  kill(): void {
    this.#process.kill();
  }

  readonly [Symbol.dispose] = () => this.kill();

  #take(seen: z.output<typeof message>): void {
    if (seen.kind === 'report') this.#report = seen;
    else if (seen.kind === 'opened') this.#next = seen.outcome;
    else if (seen.kind === 'denied') this.#denied = seen.opens;
    else this.#outcome = seen.outcome;
    this.#waiters.wake();
  }
}

/** Waits until one is denied and the other is not, as under the drill's baseline; no longer than the agent lives. @returns whether it came. */
export function underBaseline(
  guarded: EnforcementWatch,
  needed: EnforcementWatch,
  { events }: Pick<ReadyDaemon, 'events'>,
): Promise<boolean> {
  const held = Promise.all([
    guarded.until('denied', FIRST_OPEN_TIMEOUT_MS),
    needed.until('allowed', FIRST_OPEN_TIMEOUT_MS),
  ]);
  return Promise.race([
    held.then((both) => !both.includes(false)),
    events.until(() => false, FIRST_OPEN_TIMEOUT_MS),
  ]);
}

/** More opens than these the process cannot make in so many ms. */
export const mostOpensIn = (ms: number): number => ms * MOST_OPENS_PER_MS;

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
  const outcomes = stretches.map(({ outcome, opens }) => `${opens} ${outcome}`).join(', ');
  if (
    before?.outcome !== 'denied' ||
    gap?.outcome !== 'allowed' ||
    after?.outcome !== 'denied' ||
    more.length > 0
  ) {
    return `the opens were, in order, ${outcomes || 'none at all'}; expected denied, then allowed, then denied to the end`;
  }
  return { ms: Math.round(after.firstMs - before.lastMs), allowedOpens: gap.opens };
}

export const opensOf = (list: readonly Pick<Stretch, 'opens'>[]): number =>
  list.reduce((sum, { opens }) => sum + opens, 0);

/** Opens that were denied, over all stretches. */
export function deniedOpens(stretches: readonly Stretch[]): number {
  return opensOf(stretches.filter(({ outcome }) => outcome === 'denied'));
}

/** Each denied open came with the signal that was asked for; where denials end, one open may be on its way. */
export function wrongSignals(
  { stretches, signals }: WatchReport,
  enforceSignal: EnforceSignal,
): Judgement | undefined {
  const denied = deniedOpens(stretches);
  const isSignalled = enforceSignal !== 'none';
  const expected = isSignalled ? denied : 0;
  const ends = stretches.slice(0, -1).filter(({ outcome }) => outcome === 'denied').length;
  if (Math.abs(signals - expected) <= (isSignalled ? ends : 0)) return undefined;
  return fail(
    `the process that opened the file received ${signals} signals for ${denied} denied opens, expected ${expected} (ENFORCE_SIGNAL=${enforceSignal})`,
    { value: signals, limit: expected, unit: 'signals', source: 'watch process' },
  );
}

/** Opens a second that were really made: a slow host makes fewer than it is asked for. */
export function openRate({ stretches, opens }: WatchReport): number {
  const [first, last] = [stretches[0], stretches.at(-1)];
  const ms = first === undefined || last === undefined ? 0 : last.lastMs - first.firstMs;
  return ms === 0 ? 0 : Math.round((1000 * opens) / ms);
}
