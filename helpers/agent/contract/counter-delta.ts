import type { Metrics } from './metrics.ts';
import { type Labels, seriesKey, seriesText } from './series.ts';

/**
 * Growth of a counter between two scrapes. A missing or decreased counter has no growth: counters
 * live in pinned maps that a policy apply may reset (docs/agent-contract.md §3.2).
 */
export type CounterDelta =
  | { readonly state: 'delta'; readonly value: number }
  | {
      readonly state: 'missing';
      readonly where: 'before' | 'after' | 'both';
      readonly reason: string;
    }
  | {
      readonly state: 'unreadable';
      readonly where: 'before' | 'after';
      readonly reason: string;
    }
  | {
      readonly state: 'decreased';
      readonly series: string;
      readonly before: number;
      readonly after: number;
    };

/**
 * Compares one series; without labels every series of the family, each for itself, and sums them,
 * so that the growth of one cannot hide the reset of another.
 */
export function counterDelta(
  before: Metrics,
  after: Metrics,
  name: string,
  labels?: Labels,
): CounterDelta {
  for (const [where, metrics] of [
    ['before', before],
    ['after', after],
  ] as const) {
    const reason = metrics.fault(name);
    if (reason !== undefined) return { state: 'unreadable', where, reason };
  }
  const inBefore = counterSeries(before, name, labels);
  const inAfter = counterSeries(after, name, labels);
  const absent = missing(inBefore.size === 0, inAfter.size === 0);
  if (absent !== undefined) {
    const what =
      labels === undefined ? `counter family ${name}` : `counter ${seriesText(name, labels)}`;
    return { state: 'missing', where: absent, reason: `no ${what} in ${scrapes(absent)}` };
  }
  let value = 0;
  for (const [key, last] of inAfter) {
    const first = inBefore.get(key);
    if (first === undefined) return missingSeries('before', last.text);
    if (last.value < first.value) {
      return { state: 'decreased', series: last.text, before: first.value, after: last.value };
    }
    value += last.value - first.value;
  }
  for (const [key, first] of inBefore) {
    if (!inAfter.has(key)) return missingSeries('after', first.text);
  }
  return { state: 'delta', value };
}

interface Series {
  readonly text: string;
  readonly value: number;
}

/** Nothing for a family that is not declared a counter: its growth would mean nothing. */
function counterSeries(metrics: Metrics, name: string, labels?: Labels): Map<string, Series> {
  if (metrics.type(name) !== 'counter') return new Map();
  const wanted = labels === undefined ? undefined : seriesKey(labels);
  const series = new Map<string, Series>();
  for (const sample of metrics.samples(name)) {
    const key = seriesKey(sample.labels);
    if (wanted !== undefined && key !== wanted) continue;
    series.set(key, { text: seriesText(name, sample.labels), value: sample.value });
  }
  return series;
}

function missing(before: boolean, after: boolean): 'before' | 'after' | 'both' | undefined {
  if (before && after) return 'both';
  return before ? 'before' : after ? 'after' : undefined;
}

function missingSeries(where: 'before' | 'after', text: string): CounterDelta {
  return { state: 'missing', where, reason: `no series ${text} in ${scrapes(where)}` };
}

function scrapes(where: 'before' | 'after' | 'both'): string {
  return where === 'both' ? 'either scrape' : `the scrape ${where}`;
}
