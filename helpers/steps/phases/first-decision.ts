import type { ReadyDaemon, StartingDaemon } from '../../agent/daemon.ts';
import type { Mode } from '../../agent/daemon-options.ts';
import type { FileDecisions } from '../../agent/stream/event-log.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { fail, inconclusive, type Judgement } from '../../criteria/judgement.ts';
import { FirstOpens, type FirstOpensReport } from '../../workload/first-opens.ts';

/**
 * How long after "Agent started" the first decision may come. The hooks are attached before that line is
 * written, so every later open is decided on; one turn of the agent's event loop is allowed
 * (docs/agent-contract.md §5.1).
 */
const FIRST_DECISION_LIMIT_MS = 250;
/** How long we wait for it; without any, the decision itself is judged. */
const WAIT_MS = 10_000;
/** Until the lines of the last opens are through the agent's ring and its pipe. */
const LAST_LINES_MS = 5000;

/** When the first open was decided on that was made after the agent said that it was ready. */
export class FirstDecision {
  readonly #mode: Mode;
  readonly #file: OwnFile;
  readonly #opens: FirstOpens;
  #decisions: FileDecisions | undefined;
  #firstLine: Promise<number | undefined> | undefined;

  /** Opens the file from now on. */
  constructor(mode: Mode, file: OwnFile, environment: Readonly<Record<string, string>>) {
    this.#mode = mode;
    this.#file = file;
    this.#opens = new FirstOpens(file.path, environment);
  }

  /** @throws JudgementError (inconclusive) when no open can be made. */
  up(): Promise<void> {
    return this.#opens.up();
  }

  /** Takes its event lines for ours, from the first on; the agent has this long to start. */
  watch({ events }: Pick<StartingDaemon, 'events'>, readyTimeoutMs: number): void {
    const decisions = events.watch(this.#file);
    if (this.#opens.pid !== undefined) decisions.owners.add(this.#opens.pid);
    this.#decisions = decisions;
    this.#firstLine = events
      .until(() => decisions.ownLines > 0, readyTimeoutMs + WAIT_MS)
      .then((came) => (came ? Number(process.hrtime.bigint()) / 1e6 : undefined));
  }

  /** Waits for it, now that the agent said that it is ready. @returns what is wrong with it, if anything. */
  async judge(daemon: ReadyDaemon): Promise<Judgement | undefined> {
    const decisions = this.#decisions;
    const readyMs = daemon.log.startedAtMs;
    if (decisions === undefined || readyMs === undefined) return undefined;
    if (this.#mode === 'enforce') await this.#opens.refused(WAIT_MS);
    else await daemon.events.until(() => decisions.ownLines > 0, WAIT_MS);
    const report = await this.#opens.stop();
    const decidedMs =
      this.#mode === 'enforce' ? report.refusedMs : await this.#recordedMs(daemon, report, readyMs);
    if (decidedMs === undefined) return undefined;
    const undecidedMs = report.begunMs.findLast((at) => at < decidedMs) ?? readyMs;
    return judgeFirstDecision(this.#mode, { undecidedMs, decidedMs }, readyMs);
  }

  [Symbol.dispose](): void {
    this.#opens.kill();
  }

  async #recordedMs(
    { events }: ReadyDaemon,
    { begunMs }: FirstOpensReport,
    readyMs: number,
  ): Promise<number | undefined> {
    const decisions = this.#decisions;
    if (decisions === undefined || decisions.ownLines === 0) return undefined;
    const since = begunMs.filter((at) => at > readyMs).length;
    await events.until(() => decisions.ownLines >= since, LAST_LINES_MS);
    return firstDecidedMs(begunMs, decisions.ownLines, await this.#firstLine);
  }
}

/**
 * Audit: when the first open that was decided on began. Lines come late on a slow host, so they are
 * counted: the last opens are those that made them. None was decided on after its line had come.
 */
export function firstDecidedMs(
  begunMs: readonly number[],
  lines: number,
  firstLineMs: number | undefined,
): number | undefined {
  const counted = begunMs[Math.max(0, begunMs.length - lines)];
  if (counted === undefined || firstLineMs === undefined) return counted;
  return Math.min(counted, firstLineMs);
}

/**
 * @param opens when the last open began that was not decided on, and the first that was.
 * @returns the failure of an agent that said too early that it was ready; inconclusive where we made no open
 * that could show it.
 */
export function judgeFirstDecision(
  mode: Mode,
  { undecidedMs, decidedMs }: { readonly undecidedMs: number; readonly decidedMs: number },
  readyMs: number,
): Judgement | undefined {
  const source = `${mode}/agent.stderr.log, process that opens the file`;
  const measured = (ms: number) => ({
    value: Math.round(ms),
    limit: FIRST_DECISION_LIMIT_MS,
    unit: 'ms',
    source,
  });
  const lateMs = undecidedMs - readyMs;
  if (lateMs > FIRST_DECISION_LIMIT_MS)
    return fail(
      `the agent said it was ready, and an open that began ${Math.round(lateMs)} ms later was not ${mode === 'enforce' ? 'denied' : 'recorded'}, at most ${FIRST_DECISION_LIMIT_MS} ms are allowed: until then the host was not protected`,
      measured(lateMs),
    );
  const pauseMs = decidedMs - Math.max(undecidedMs, readyMs);
  if (pauseMs <= FIRST_DECISION_LIMIT_MS) return undefined;
  return inconclusive(
    `after the agent said that it was ready, this host let our process make no open for ${Math.round(pauseMs)} ms, so nothing shows whether the host was protected after ${FIRST_DECISION_LIMIT_MS} ms. See what stopped or starved processes on this host (a paused VM, too few CPUs?), and run again`,
    measured(pauseMs),
  );
}
