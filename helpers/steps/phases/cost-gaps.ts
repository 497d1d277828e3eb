import type { ReadyDaemon, StartingDaemon, StoppedDaemon } from '../../agent/daemon.ts';
import type { CostWorker } from '../../cost/worker.ts';
import { failed } from '../../criteria/judgement.ts';
import { pause } from '../../criteria/step-signal.ts';

/** Opens that tell when enforcement begins and ends are so far apart. */
const BETWEEN_OPENS_MS = 5;
/** An agent that is ready and does not deny by then enforces nothing. */
const DENIES_AFTER_MS = 15_000;

/** When an open of the denied file ended so for the first time; no number where it is over before. */
async function firstOpen(
  worker: CostWorker,
  outcome: 'refused' | 'opened',
  isOver: () => boolean,
): Promise<number> {
  while (!isOver()) {
    const { kind } = await worker.ask({ ask: 'denied' }, 'opened', 'refused');
    if (kind === outcome) return performance.now();
    await pause(BETWEEN_OPENS_MS);
  }
  return Number.NaN;
}

/** The agent that is ready, and how long it was since its start until an open was denied; no number where none was. */
export async function readyAndDenying(
  worker: CostWorker,
  starting: StartingDaemon,
): Promise<[ready: ReadyDaemon, gapMs: number]> {
  const begun = performance.now();
  let giveUp = Number.POSITIVE_INFINITY;
  const denied = firstOpen(worker, 'refused', () => performance.now() > giveUp);
  const ready = await starting.ready().finally(() => {
    giveUp = performance.now() + DENIES_AFTER_MS;
  });
  return [ready, (await denied) - begun];
}

/** The agent that has stopped, and how long opens had gone through when it ended. */
export async function stoppedAndOpen(
  worker: CostWorker,
  ready: ReadyDaemon,
): Promise<[stopped: StoppedDaemon, gapMs: number]> {
  let endedAt: number | undefined;
  const stopping = ready.stop().finally(() => {
    endedAt = performance.now();
  });
  const openedAt = await firstOpen(worker, 'opened', () => endedAt !== undefined);
  const stopped = await stopping;
  const gapMs = Number.isNaN(openedAt) ? 0 : (endedAt ?? openedAt) - openedAt;
  return [stopped, gapMs];
}

/**
 * Kills the agent and starts it again, as enforce.crash does: how long a denied file can be opened.
 * @param again makes the next life.
 * @throws JudgementError where that one denies nothing.
 */
export async function crashGap<Life extends { ready: ReadyDaemon; gapMs: number }>(
  worker: CostWorker,
  ready: ReadyDaemon,
  again: () => Promise<Life>,
): Promise<[life: Life, gapMs: number]> {
  process.kill(ready.identity.pid, 'SIGKILL');
  const [, throughMs] = await stoppedAndOpen(worker, ready);
  const life = await again();
  if (Number.isNaN(life.gapMs))
    throw failed(
      `killed by SIGKILL and started again, the agent said that it was ready, and refused no open of a denied file for ${DENIES_AFTER_MS / 1000} s`,
      { value: 'allowed', limit: 'denied', source: `pid ${life.ready.identity.pid}` },
    );
  return [life, throughMs + life.gapMs];
}
