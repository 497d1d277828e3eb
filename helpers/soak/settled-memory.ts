import type { ReadyDaemon } from '../agent/daemon.ts';
import { pause } from '../criteria/step-signal.ts';
import { processResources } from '../host/processes.ts';

const READINGS = 5;
const BETWEEN_MS = 100;

/**
 * Resident memory peaks while the BPF object is loaded (15.5 MB at 2 s, 7.5 MB settled,
 * docs/agent-contract.md §6.9): the baseline is the median of readings after SETTLE_SECONDS, in KiB.
 */
export async function settledMemory(
  daemon: ReadyDaemon,
  settleSeconds: number,
): Promise<number | undefined> {
  await pause(settleSeconds * 1000);
  const readings: number[] = [];
  for (let index = 0; index < READINGS; index += 1) {
    const resources = processResources(daemon.identity.pid);
    if (resources !== undefined) readings.push(resources.rssKb);
    await pause(BETWEEN_MS);
  }
  return readings.sort((a, b) => a - b)[Math.floor(readings.length / 2)];
}
