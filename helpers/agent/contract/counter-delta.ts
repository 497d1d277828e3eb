import { type Labels, type Sample, seriesText } from './exposition.ts';
import type { Metrics } from './metrics.ts';

/**
 * Growth of a counter between two scrapes. A missing or decreased counter has no growth: counters
 * live in pinned maps that a policy apply may reset (docs/agent-contract.md §3.2).
 */
export type CounterDelta =
  | { readonly state: 'delta'; readonly value: number }
  | { readonly state: 'missing'; readonly where: 'before' | 'after' | 'both' }
  | { readonly state: 'unreadable'; readonly where: 'before' | 'after'; readonly reason: string }
  | {
      readonly state: 'decreased';
      readonly series: string;
      readonly before: number;
      readonly after: number;
    };

/**
 * Compares every series of a family, each for itself, and sums them: the growth of one cannot hide the reset of another.
 * @param labels that a series must have to count.
 */
export function counterDelta(
  before: Metrics,
  after: Metrics,
  name: string,
  labels: Labels = {},
): CounterDelta {
  const unreadable = (where: 'before' | 'after', reason: string | undefined) =>
    reason === undefined ? undefined : ({ state: 'unreadable', where, reason } as const);
  const fault = unreadable('before', before.fault(name)) ?? unreadable('after', after.fault(name));
  if (fault !== undefined) return fault;
  const [was, is] = [counterSeries(before, name, labels), counterSeries(after, name, labels)];
  if (was.size === 0 && is.size === 0) return { state: 'missing', where: 'both' };
  let value = 0;
  for (const [key, last] of is) {
    const first = was.get(key);
    if (first === undefined) return { state: 'missing', where: 'before' };
    if (last.value < first.value) {
      const series = seriesText(name, last.labels);
      return { state: 'decreased', series, before: first.value, after: last.value };
    }
    value += last.value - first.value;
  }
  const isGone = [...was.keys()].some((key) => !is.has(key));
  return isGone ? { state: 'missing', where: 'after' } : { state: 'delta', value };
}

/** Nothing for a family that is not declared a counter: its growth would mean nothing. */
function counterSeries(
  metrics: Metrics,
  name: string,
  labels: Labels,
): ReadonlyMap<string, Sample> {
  if (metrics.type(name) !== 'counter') return new Map();
  const asked = Object.entries(labels);
  const has = (sample: Sample) => asked.every(([label, value]) => sample.labels[label] === value);
  return new Map([...metrics.bySeries(name)].filter(([, sample]) => has(sample)));
}
