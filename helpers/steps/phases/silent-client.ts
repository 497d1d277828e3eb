import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endText } from '../../agent/command.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeEndpoint } from '../../agent/scrape.ts';
import { fail, type Judgement, NotApplicable, noEvidence, pass } from '../../criteria/judgement.ts';

/** The agent serves one client at a time, and waits for the words of each for 5 s (docs/agent-contract.md §3.3); far more on a busy host. */
const PATIENCE_MS = 60_000;
const AGAIN_MS = 250;
const CONNECT_MS = 10_000;
/** So many wait for the agent at once, beside those that read: it takes 16 (docs/agent-contract.md §3.3). */
const IMPATIENT = 12;
/** The signal of a process that writes to a connection which is gone, and does not say that it wants none (send(2), MSG_NOSIGNAL). */
const WROTE_IN_VAIN = 'SIGPIPE';
const WORDS = `with a client connected that said nothing, and ${IMPATIENT} behind it that asked and went before the answer,`;

type Endpoint = Pick<ReadyDaemon, 'metricsAddress' | 'isRunning' | 'exit'>;

/**
 * Port scans and checks of load balancers connect and say nothing. One that holds the endpoint for good leaves nobody any metrics,
 * and alerts that rest on them are silent. Scrapers that wait behind it give up, and are gone when their answer is written: an agent that
 * this ends enforces nothing until it is started anew.
 */
export async function clientsHarmNobody(daemon: Endpoint): Promise<Judgement> {
  const { metricsAddress, isRunning } = daemon;
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
    for (let count = 0; count < IMPATIENT; count += 1)
      if (!(await askAndGo(metricsAddress)))
        throw noEvidence(`${count} of ${IMPATIENT} clients could connect to the endpoint at once`, {
          source,
        });
    while (waited() < PATIENCE_MS) {
      const { ok } = await scrapeEndpoint(metricsAddress);
      const answeredMs = waited();
      await sleep(AGAIN_MS);
      if (!isRunning()) return ended(daemon, source);
      if (ok)
        return pass(`${WORDS} the metrics were answered after ${answeredMs} ms`, {
          ...{ value: answeredMs, limit: PATIENCE_MS, unit: 'ms', source },
        });
    }
    return fail(
      `${WORDS} the metrics were answered to nobody for ${PATIENCE_MS / 1000} s: a port scan takes them, and every alert on them, away`,
      { value: 'no answer', limit: PATIENCE_MS, unit: 'ms', source },
    );
  } finally {
    silent.destroy();
  }
}

/** An end that any other cause may have is for `coverage.alive`. */
function ended({ exit }: Endpoint, source: string): Judgement {
  const end = exit();
  if (end?.signal !== WROTE_IN_VAIN) throw noEvidence('the agent ended meanwhile', { source });
  return fail(
    `${WORDS} the agent ${endText(end)}: it wrote an answer to one that was gone; a scrape that takes too long ends enforcement`,
    { value: WROTE_IN_VAIN, limit: 'alive', source },
  );
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

/**
 * Asks, says that it has no more to say, and is gone: on such a connection the first write fails with EPIPE; without these words it would
 * meet ECONNRESET, which sends no signal (tcp(7)).
 */
async function askAndGo(address: string): Promise<boolean> {
  const socket = await connectTo(address);
  if (socket === undefined) return false;
  await new Promise<void>((said) => socket.end('GET /metrics HTTP/1.0\r\n\r\n', said));
  socket.resetAndDestroy();
  return true;
}
