import { counterDelta } from '../agent/contract/counter-delta.ts';
import { type Labels, seriesText } from '../agent/contract/exposition.ts';
import type { Metrics } from '../agent/contract/metrics.ts';
import type { Scrape } from '../agent/scrape.ts';
import type { Figure } from '../settings/thresholds.ts';

/** The agent's counter families (docs/agent-contract.md §3.1); names that no version exports are not here. */
export const DECISION_FAMILIES = ['aegisbpf_blocks_total', 'aegisbpf_net_blocks_total'] as const;
export const DROP_FAMILIES = [
  'aegisbpf_ringbuf_drops_total',
  'aegisbpf_net_ringbuf_drops_total',
] as const;
/** Lines on the start of programs, of which the families above know nothing. */
export const TELEMETRY_DROPS = 'aegisbpf_backpressure_telemetry_drops_total';
/** Has a series for each kind of call. */
export const NET_BLOCKS = DECISION_FAMILIES[1];
export const BY_INODE = 'aegisbpf_blocks_by_inode_total';
export const BY_CGROUP = 'aegisbpf_blocks_by_cgroup_total';
export const BY_ADDRESS = 'aegisbpf_net_blocks_by_ip_total';
export const BY_PORT = 'aegisbpf_net_blocks_by_port_total';

/** A family, the name of a label, and its value. */
export type Series = readonly [family: string, label: string, value: string];

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

const unknown = (source: string, reason: string): Figure => ({ known: false, source, reason });

function oneDelta(before: Metrics, after: Metrics, family: string, labels: Labels): Figure {
  const delta = counterDelta(before, after, family, labels);
  switch (delta.state) {
    case 'delta':
      return { known: true, value: delta.value, source: family };
    case 'missing':
      return unknown(
        family,
        `the metric family ${seriesText(family, labels)} is missing from the scrape ${delta.where === 'both' ? 'before and after' : delta.where} the soak; nothing can be concluded from its absence`,
      );
    case 'unreadable':
      return unknown(
        family,
        `${family} cannot be read in the scrape ${delta.where} the soak: ${delta.reason}`,
      );
    case 'decreased':
      return unknown(
        family,
        `the counter ${family} went backwards during the soak (${delta.before} → ${delta.after}): it was reset, so the run's own count is unknown; find out what reset it (a policy apply, another operator) and run again`,
      );
  }
}

/** Two scrapes, before and after something. */
interface Scrapes {
  readonly before: Scrape;
  readonly after: Scrape;
}

/**
 * Δ of the sum of families between two scrapes; one missing or reset family makes it unknown.
 * @param labels that a series must have to count.
 */
export function scrapeDelta(
  { before, after }: Scrapes,
  families: readonly string[],
  labels: Labels = {},
): Figure {
  const failed = (when: string, { source, reason }: Scrape & { ok: false }) =>
    unknown(source, `the metrics scrape ${when} the soak failed: ${reason}`);
  if (!before.ok) return failed('before', before);
  if (!after.ok) return failed('after', after);
  let value = 0;
  for (const family of families) {
    const delta = oneDelta(before.metrics, after.metrics, family, labels);
    if (!delta.known) return delta;
    value += delta.value;
  }
  return { known: true, value, source: families.join(' + ') };
}

/**
 * Δ of all series of a family that have this label; one that did not exist yet counts from zero, for the agent writes it
 * from the first decision on its subject.
 */
export function labelledDelta(
  { before, after }: Scrapes,
  ...[family, label, value]: Series
): Figure {
  const source = `${family}{${label}="${value}"}`;
  const unknown = (reason: string): Figure => ({ known: false, source, reason });
  if (!before.ok) return unknown(before.reason);
  if (!after.ok) return unknown(after.reason);
  const fault = before.metrics.fault(family) ?? after.metrics.fault(family);
  if (fault !== undefined) return unknown(fault);
  const of = ({ metrics }: typeof before) =>
    metrics.samples(family).filter(({ labels }) => labels[label] === value);
  const last = of(after);
  if (last.length === 0)
    return unknown(`the series ${source} is missing from the scrape after the soak`);
  const sum = (samples: typeof last) => samples.reduce((total, one) => total + one.value, 0);
  const difference = sum(last) - sum(of(before));
  return difference >= 0
    ? { known: true, value: difference, source }
    : unknown(`${source} went backwards during the soak`);
}

/** Δ of the decisions on one inode. */
export const inodeDelta = (scrapes: Scrapes, { dev, ino }: { dev: number; ino: number }): Figure =>
  labelledDelta(scrapes, BY_INODE, 'inode', `${dev}:${ino}`);

/** Δ of the network decisions on one port. */
export const portDelta = (scrapes: Scrapes, port: number): Figure =>
  labelledDelta(scrapes, BY_PORT, 'port', String(port));
