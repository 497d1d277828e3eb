import type { Candidate } from '../../agent/command.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeRunning } from '../../agent/scrape.ts';
import type { SoakFigureName } from '../../cost/soak-figures.ts';
import type { CostWorker } from '../../cost/worker.ts';
import { failed, noEvidence } from '../../criteria/judgement.ts';
import { processResources } from '../../host/processes.ts';
import { cpuBetween, threadCpu } from '../../host/thread-cpu.ts';
import type { Settings } from '../../settings/settings.ts';
import { DROP_FAMILIES, scrapeDelta } from '../../soak/counters.ts';

/** Longer than any event line takes that still comes. */
const LINES_WAIT_MS = 5000;
const THOUSAND = 1000;

/**
 * Opens of a denied file at the pace of the soak, for as long as a block works: what each decision takes of the agent, and how many it
 * drops or does not tell.
 * @param told how many lines on that file there are so far.
 * @throws JudgementError where one is not denied, or the agent's CPU time cannot be read; what else cannot be read is no number.
 */
export async function shortSoak(
  { events, identity, mode, metricsAddress }: ReadyDaemon,
  candidate: Candidate,
  worker: CostWorker,
  { SOAK_RATE: perSecond, COST_BLOCK_MS: ms }: Settings,
  told: () => number,
): Promise<Readonly<Record<SoakFigureName, number>>> {
  const scrape = () => scrapeRunning(candidate, metricsAddress);
  const scraped = await scrape();
  const source = `/proc/${identity.pid}/task`;
  const [linesBefore, before] = [told(), threadCpu(identity.pid)];
  const { opens, denied, ...took } = await worker.ask({ ask: 'paced', ms, perSecond }, 'paced');
  // Before the wait, in which an agent that lost lines would be charged for its idle time.
  const after = threadCpu(identity.pid);
  const lines = () => told() - linesBefore;
  await events.until(() => lines() >= opens, LINES_WAIT_MS);
  if (denied < opens)
    throw failed(
      `${opens - denied} of ${opens} opens of a denied file went through in ${mode} mode`,
      { value: denied, limit: opens, unit: 'denied opens', source: 'the process that works' },
    );
  if (opens === 0)
    throw noEvidence('no open was made in the short soak; set COST_BLOCK_MS higher', {
      source: 'the process that works',
    });
  if (before === undefined || after === undefined)
    throw noEvidence('what the agent takes for its decisions cannot be read', { source });
  const dropped = scrapeDelta({ before: scraped, after: await scrape() }, DROP_FAMILIES);
  return {
    pace: (THOUSAND * took.ms) / opens,
    refused: took.p50,
    drops: dropped.known ? (THOUSAND * dropped.value) / ms : Number.NaN,
    lost: (THOUSAND * Math.max(0, opens - lines())) / opens,
    cpu: (THOUSAND * cpuBetween(before, after)) / opens,
    soaked: processResources(identity.pid).rssKb ?? Number.NaN,
  };
}
