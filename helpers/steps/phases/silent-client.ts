import { scrapeEndpoint } from '../../agent/scrape.ts';
import { type Judgement, NotApplicable } from '../../criteria/judgement.ts';
import { type Ends, harmsNobody } from './harmless-clients.ts';

/** The agent waits for the words of each client for 5 s (docs/agent-contract.md §3.3); far more on a busy host. */
const PATIENCE_MS = 60_000;

/**
 * Port scans and checks of load balancers connect and say nothing. One that holds the endpoint for good leaves nobody any metrics,
 * and alerts that rest on them are silent. Scrapers that wait behind it give up, and are gone when their answer is written.
 */
export async function clientsHarmNobody(
  daemon: Ends & { readonly metricsAddress: string },
): Promise<Judgement> {
  const { metricsAddress } = daemon;
  const alone = await scrapeEndpoint(metricsAddress);
  if (!alone.ok)
    throw new NotApplicable(`the endpoint answers nobody (${alone.reason}), so none can hold it`);
  const [host = '', port] = metricsAddress.split(':');
  return harmsNobody(daemon, {
    target: { host, port: Number(port) },
    source: `http://${metricsAddress}/metrics`,
    request: 'GET /metrics HTTP/1.0\r\n\r\n',
    isAnswered: async () => (await scrapeEndpoint(metricsAddress)).ok,
    patienceMs: PATIENCE_MS,
    answered: 'the metrics were answered',
    ...{ name: 'endpoint', whenHeld: 'a port scan takes them, and every alert on them, away' },
    whenEnded: 'a scrape that takes too long ends enforcement',
  });
}
