import type { ReadyDaemon } from '../../agent/daemon.ts';
import { BURST_SHARE, type BurstFigureName } from '../../cost/burst-figures.ts';
import type { CostWorker } from '../../cost/worker.ts';
import { failed, noEvidence } from '../../criteria/judgement.ts';
import { cpuBetween, threadCpu } from '../../host/thread-cpu.ts';
import type { Settings } from '../../settings/settings.ts';

/** Longer than any event line takes that still comes. */
const LINES_WAIT_MS = 5000;
const THOUSAND = 1000;

/**
 * Opens of a denied file at the pace of the soak: what each decision takes of the agent, and how many it does not tell.
 * @param told how many lines on that file there are so far.
 */
export async function burst(
  { events, identity, mode }: Pick<ReadyDaemon, 'events' | 'identity' | 'mode'>,
  worker: CostWorker,
  { SOAK_RATE: perSecond, COST_BLOCK_MS }: Settings,
  told: () => number,
): Promise<Readonly<Record<BurstFigureName, number>>> {
  const source = `/proc/${identity.pid}/task`;
  const [linesBefore, before] = [told(), threadCpu(identity.pid)];
  const ms = COST_BLOCK_MS * BURST_SHARE;
  const { opens, denied, ...took } = await worker.ask({ ask: 'burst', ms, perSecond }, 'burst');
  // Before the wait, in which an agent that lost lines would be charged for its idle time.
  const after = threadCpu(identity.pid);
  const lines = () => told() - linesBefore;
  await events.until(() => lines() >= opens, LINES_WAIT_MS);
  if (denied < opens)
    throw failed(
      `${opens - denied} of ${opens} opens of a denied file went through in ${mode} mode`,
      {
        ...{ value: denied, limit: opens, unit: 'denied opens', source: 'the process that works' },
      },
    );
  if (before === undefined || after === undefined)
    throw noEvidence('what the agent takes for its decisions cannot be read', { source });
  return {
    refused: took.p50,
    pace: (THOUSAND * took.ms) / opens,
    lost: (THOUSAND * Math.max(0, opens - lines())) / opens,
    cpu: (THOUSAND * cpuBetween(before, after)) / opens,
  };
}
