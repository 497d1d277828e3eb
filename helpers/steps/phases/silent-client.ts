import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeEndpoint } from '../../agent/scrape.ts';
import { fail, type Judgement, NotApplicable, noEvidence, pass } from '../../criteria/judgement.ts';

/** The agent serves one client at a time, and waits for the words of each for 5 s (docs/agent-contract.md §3.3); far more on a busy host. */
const PATIENCE_MS = 60_000;
const AGAIN_MS = 250;
const CONNECT_MS = 10_000;

/**
 * Port scans and checks of load balancers connect and say nothing. One that holds the endpoint for good leaves nobody any metrics,
 * and alerts that rest on them are silent.
 */
export async function silentClientHoldsNobodyUp({
  metricsAddress,
  isRunning,
}: Pick<ReadyDaemon, 'metricsAddress' | 'isRunning'>): Promise<Judgement> {
  const source = `http://${metricsAddress}/metrics`;
  const alone = await scrapeEndpoint(metricsAddress);
  if (!alone.ok)
    throw new NotApplicable(`the endpoint answers nobody (${alone.reason}), so none can hold it`);
  const silent = await connectTo(metricsAddress);
  if (silent === undefined)
    throw noEvidence('a second client could not connect to the endpoint', { source });
  try {
    const begun = performance.now();
    const waited = () => Math.round(performance.now() - begun);
    while (waited() < PATIENCE_MS) {
      const { ok } = await scrapeEndpoint(metricsAddress);
      if (ok)
        return pass(
          `with a client connected that said nothing, the metrics were answered after ${waited()} ms`,
          { value: waited(), limit: PATIENCE_MS, unit: 'ms', source },
        );
      if (!isRunning()) throw noEvidence('the agent ended meanwhile', { source });
      await sleep(AGAIN_MS);
    }
    return fail(
      `with a client connected that said nothing, the metrics were answered to nobody for ${PATIENCE_MS / 1000} s: a port scan takes them, and every alert on them, away`,
      { value: 'no answer', limit: PATIENCE_MS, unit: 'ms', source },
    );
  } finally {
    silent.destroy();
  }
}

async function connectTo(address: string): Promise<Socket | undefined> {
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  // The agent may end it whenever it likes.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return socket;
  } catch {
    socket.destroy();
    return undefined;
  }
}
