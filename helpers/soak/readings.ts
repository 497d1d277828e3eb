import { runCommand } from '../agent/command.ts';
import { type Scrape, scrapeEndpoint } from '../agent/scrape.ts';
import { DECISION_FAMILIES, DROP_FAMILIES } from './counters.ts';
import type { ReadingCheck } from './result.ts';
import type { SoakSubject } from './subject.ts';

/** Lines of `aegisbpf stats`, and the families that count the same (docs/agent-contract.md §1.2, §3.1). */
const STATS_LINES = [
  ['Total blocks', 'aegisbpf_blocks_total'],
  ['Ringbuf drops', 'aegisbpf_ringbuf_drops_total'],
] as const;

const BY_ENDPOINT = 'the endpoint before and after';

function sumOf(scrape: Scrape, family: string): number | undefined {
  if (!scrape.ok) return undefined;
  const sum = scrape.metrics.sum(family);
  return sum.ok ? sum.value : undefined;
}

/**
 * The last scrape of a soak, and the same counters by the agent's other ways to tell them: its endpoint
 * before and after, and `stats`. Counters only grow, so each reading lies between its neighbours, and
 * on a host where nothing else decides all are equal.
 */
export async function readEveryWay<S extends { readonly scrape: Scrape }>(
  { candidate, daemon }: SoakSubject,
  scrape: () => Promise<S>,
): Promise<{ readonly last: S; readonly readings: readonly ReadingCheck[] }> {
  const endpoint = () => scrapeEndpoint(daemon.metricsAddress);
  const first = await endpoint();
  // Side by side where the endpoint tells what was before and after; else each has to wait for the other.
  const scraping = scrape();
  if (!first.ok) await scraping;
  const [taken, stats] = await Promise.all([scraping, runCommand(candidate, 'stats')]);
  const after = taken.scrape;
  const later = await endpoint();
  // A version without an endpoint has one way less; one that breaks is judged by its samples.
  const hasEndpoint = first.ok && later.ok;
  const byEndpoint = hasEndpoint ? [...DECISION_FAMILIES, ...DROP_FAMILIES] : [];
  const ended = stats.exitCode === 0 ? stats.stdout : '';
  return {
    last: taken,
    readings: [
      ...byEndpoint.map((family) => ({
        what: `${family} of the command line`,
        told: sumOf(after, family),
        least: sumOf(first, family),
        most: sumOf(later, family),
        between: BY_ENDPOINT,
      })),
      ...STATS_LINES.map(([line, family]) => {
        const told = new RegExp(`^\\s*${line}: (\\d+)$`, 'm').exec(ended)?.[1];
        return {
          what: `"${line}" of \`aegisbpf stats\``,
          told: told === undefined ? undefined : Number(told),
          least: sumOf(hasEndpoint ? first : after, family),
          most: hasEndpoint ? sumOf(later, family) : undefined,
          between: hasEndpoint ? BY_ENDPOINT : '`aegisbpf metrics` before',
        };
      }),
    ],
  };
}
