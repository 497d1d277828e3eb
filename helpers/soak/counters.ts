import { counterDelta, type Metrics } from '../agent/contract/metrics.ts';
import type { Scrape } from '../agent/scrape.ts';
import type { Figure } from '../thresholds/thresholds.ts';

/** The agent's counter families (docs/agent-contract.md §3.1); names that no version exports are not here. */
export const DECISION_FAMILIES = ['aegisbpf_blocks_total', 'aegisbpf_net_blocks_total'] as const;
export const DROP_FAMILIES = [
  'aegisbpf_ringbuf_drops_total',
  'aegisbpf_net_ringbuf_drops_total',
] as const;
const BY_INODE = 'aegisbpf_blocks_by_inode_total';
const BY_ADDRESS = 'aegisbpf_net_blocks_by_ip_total';

/** The sum of several counter families now; undefined where any of them is missing. */
export function familyTotal(metrics: Metrics, families: readonly string[]): number | undefined {
  let total = 0;
  for (const family of families) {
    const sum = metrics.sum(family);
    if (!sum.ok) return undefined;
    total += sum.value;
  }
  return total;
}

function oneDelta(before: Metrics, after: Metrics, family: string): Figure {
  const delta = counterDelta(before, after, family);
  switch (delta.state) {
    case 'delta':
      return { known: true, value: delta.value, source: family };
    case 'missing':
      return {
        known: false,
        source: family,
        reason: `the metric family ${family} is missing from the scrape ${delta.where === 'both' ? 'before and after' : delta.where} the soak; nothing can be concluded from its absence`,
      };
    case 'unreadable':
      return {
        known: false,
        source: family,
        reason: `${family} cannot be read in the scrape ${delta.where} the soak: ${delta.reason}`,
      };
    case 'decreased':
      return {
        known: false,
        source: family,
        reason: `the counter ${family} went backwards during the soak (${delta.before} → ${delta.after}): it was reset, so the run's own count is unknown; find out what reset it (a policy apply, another operator) and run again`,
      };
  }
}

/** Δ of the sum of families between two scrapes; one missing or reset family makes it unknown. */
export function scrapeDelta(before: Scrape, after: Scrape, families: readonly string[]): Figure {
  for (const [scrape, when] of [
    [before, 'before'],
    [after, 'after'],
  ] as const) {
    if (!scrape.ok) {
      return {
        known: false,
        source: scrape.source,
        reason: `the metrics scrape ${when} the soak failed: ${scrape.reason}`,
      };
    }
  }
  if (!before.ok || !after.ok) return { known: false, source: '', reason: 'no scrape' };
  let value = 0;
  for (const family of families) {
    const delta = oneDelta(before.metrics, after.metrics, family);
    if (!delta.known) return delta;
    value += delta.value;
  }
  return { known: true, value, source: families.join(' + ') };
}

/** Δ of one series between two scrapes; one that did not exist yet counts from zero. */
function seriesDelta(
  before: Scrape,
  after: Scrape,
  family: string,
  [label, value]: readonly [string, string],
): Figure {
  const source = `${family}{${label}="${value}"}`;
  if (!before.ok) return { known: false, source, reason: before.reason };
  if (!after.ok) return { known: false, source, reason: after.reason };
  const labels = { [label]: value };
  const fault = before.metrics.fault(family) ?? after.metrics.fault(family);
  if (fault !== undefined) return { known: false, source, reason: fault };
  const last = after.metrics.series(family, labels);
  if (!last.ok) {
    return {
      known: false,
      source,
      reason: `the series ${source} is missing from the scrape after the soak`,
    };
  }
  // The agent writes a series from the first decision on its subject, and ours is new.
  const first = before.metrics.series(family, labels);
  const difference = last.value - (first.ok ? first.value : 0);
  return difference >= 0
    ? { known: true, value: difference, source }
    : { known: false, source, reason: `${source} went backwards during the soak` };
}

/** Δ of the decisions on one inode. */
export function inodeDelta(
  before: Scrape,
  after: Scrape,
  file: { dev: number; ino: number },
): Figure {
  return seriesDelta(before, after, BY_INODE, ['inode', `${file.dev}:${file.ino}`]);
}

/** Δ of the network decisions on one remote address. */
export function addressDelta(before: Scrape, after: Scrape, ip: string): Figure {
  return seriesDelta(before, after, BY_ADDRESS, ['ip', ip]);
}
