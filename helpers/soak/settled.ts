import type { ReadyDaemon } from '../agent/daemon.ts';
import { pause } from '../criteria/step-signal.ts';
import { processResources } from '../host/processes.ts';
import { shareUnhindered, threadCpu } from '../host/thread-cpu.ts';

const READINGS = 5;
const BETWEEN_MS = 100;

/** An agent that has settled and has nothing to decide. */
export interface Settled {
  /** Resident memory, in KiB. */
  readonly baselineKb: number | undefined;
  /** Percent of one core from the middle of the settling on, waiting for a processor apart; undefined where it could not be read. */
  readonly idleCpuPercent: number | undefined;
}

/**
 * Resident memory peaks while the BPF object is loaded (15.5 MB at 2 s, 7.5 MB settled,
 * docs/agent-contract.md §6.9): the baseline is the median of readings after SETTLE_SECONDS.
 */
export async function settled(daemon: ReadyDaemon, settleSeconds: number): Promise<Settled> {
  const half = (settleSeconds * 1000) / 2;
  const { pid } = daemon.identity;
  await pause(half);
  const [before, begun] = [threadCpu(pid), performance.now()];
  await pause(half);
  const readings: number[] = [];
  for (let index = 0; index < READINGS; index += 1) {
    const { rssKb } = processResources(pid);
    if (rssKb !== undefined) readings.push(rssKb);
    await pause(BETWEEN_MS);
  }
  const [after, overMs] = [threadCpu(pid), performance.now() - begun];
  const isRead = before !== undefined && after !== undefined;
  return {
    baselineKb: readings.sort((a, b) => a - b)[Math.floor(readings.length / 2)],
    idleCpuPercent: isRead ? 100 * shareUnhindered(before, after, overMs) : undefined,
  };
}
