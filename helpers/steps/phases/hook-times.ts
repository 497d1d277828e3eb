import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeEndpoint } from '../../agent/scrape.ts';

/** What the agent says of its hooks; nothing where this version tells nothing. */
export async function hookTimes({
  metricsAddress,
}: Pick<ReadyDaemon, 'metricsAddress'>): Promise<Record<string, number>> {
  const scrape = await scrapeEndpoint(metricsAddress);
  if (!scrape.ok) return {};
  const calls = new Map(
    scrape.metrics
      .samples('aegisbpf_hook_invocations_total')
      .map(({ labels, value }) => [labels.hook, value]),
  );
  return Object.fromEntries(
    scrape.metrics.samples('aegisbpf_hook_latency_total_ns').flatMap(({ labels, value }) => {
      const count = calls.get(labels.hook) ?? 0;
      return labels.hook === undefined || count === 0 ? [] : [[labels.hook, value / count]];
    }),
  );
}
