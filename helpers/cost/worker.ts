import { noEvidence } from '../criteria/judgement.ts';
import { Waiters } from '../criteria/step-signal.ts';
import { OwnProcess } from '../workload/own-process.ts';
import { type WorkAnswer, type WorkOrder, type WorkRequest, workAnswer } from './messages.ts';

const END_MS = 2000;
/** An emulated host takes ten seconds to start it. */
const START_MS = 60_000;
/** Beyond the time that was asked for. */
const PATIENCE_MS = 60_000;

type Answer<Kind extends WorkAnswer['kind']> = Extract<WorkAnswer, { kind: Kind }>;

/** The process that works, as this one sees it. */
export class CostWorker {
  readonly #process: OwnProcess;
  readonly #waiters = new Waiters();
  #answers: WorkAnswer[] = [];

  constructor(order: WorkOrder, environment: Readonly<Record<string, string>>) {
    const script = new URL('work-process.ts', import.meta.url);
    this.#process = new OwnProcess(script, JSON.stringify(order), environment, (message) => {
      const parsed = workAnswer.safeParse(message);
      if (parsed.success) this.#answers.push(parsed.data);
      this.#waiters.wake();
    });
    void this.#process.ended.then(() => this.#waiters.wake());
  }

  /** Of the process, for event lines. @throws JudgementError (inconclusive) when it was not started. */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw noEvidence('the process that works could not be started');
    return pid;
  }

  /** Waits until it is ready to work. */
  async up(): Promise<void> {
    await this.#answer(START_MS, 'up');
  }

  /** Asks for one thing, and waits until it is done. @throws JudgementError (inconclusive) without an answer. */
  ask<Kind extends WorkAnswer['kind']>(
    request: WorkRequest,
    ...kinds: readonly Kind[]
  ): Promise<Answer<Kind>> {
    this.#answers = [];
    if (this.#process.isGone) throw this.#gone();
    this.#process.child.send(request);
    const asked = 'ms' in request ? request.ms : request.ask === 'command' ? request.timeoutMs : 0;
    return this.#answer(asked + PATIENCE_MS, ...kinds);
  }

  async stop(): Promise<void> {
    await this.#process.stop(END_MS);
  }

  kill(): void {
    this.#process.kill();
  }

  async #answer<Kind extends WorkAnswer['kind']>(
    timeoutMs: number,
    ...kinds: readonly Kind[]
  ): Promise<Answer<Kind>> {
    const wanted = (answer: WorkAnswer): answer is Answer<Kind> =>
      kinds.some((kind) => kind === answer.kind);
    const came = () => this.#answers.find(wanted);
    await this.#waiters.until(
      () => came() !== undefined,
      timeoutMs,
      () => this.#process.isGone,
    );
    const answer = came();
    if (answer !== undefined) return answer;
    throw this.#process.isGone ? this.#gone() : noEvidence('the process that works gave no answer');
  }

  #gone(): Error {
    return noEvidence(`the process that works ended (${this.#process.end})`);
  }
}
