import { z } from 'zod';

/** One reading of the agent's resident memory. */
export interface MemoryReading {
  readonly seconds: number;
  readonly rssKb: number;
}

/** The trend of resident memory, with the interval that holds it with 95 % confidence. */
export const memoryTrend = z.object({
  kbPerHour: z.number(),
  lowKbPerHour: z.number(),
  highKbPerHour: z.number(),
  readings: z.number().int(),
});
export type MemoryTrend = z.output<typeof memoryTrend>;

/** Below this the normal approximation of Kendall's statistic does not hold (Hollander & Wolfe). */
const MIN_READINGS = 10;
/** Slopes are taken of all pairs; a longer series is thinned evenly to this many readings. */
const MAX_READINGS = 600;
const Z_95 = 1.96;
const SECONDS_PER_HOUR = 3600;

const median = (sorted: Float64Array) => {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
};

/** The slopes of all pairs, sorted. */
function pairSlopes(readings: readonly MemoryReading[]): Float64Array {
  const slopes = new Float64Array((readings.length * (readings.length - 1)) / 2);
  let count = 0;
  for (const [index, later] of readings.entries()) {
    for (let before = 0; before < index; before += 1) {
      const earlier = readings[before];
      if (earlier === undefined || later.seconds === earlier.seconds) continue;
      slopes[count] = (later.rssKb - earlier.rssKb) / (later.seconds - earlier.seconds);
      count += 1;
    }
  }
  return slopes.subarray(0, count).sort();
}

/** Variance of Kendall's S, corrected for equal values (Sen 1968; Helsel et al. 2020, eq. 10.3). */
function kendallVariance(values: readonly number[]): number {
  const term = (n: number) => n * (n - 1) * (2 * n + 5);
  const ties = Map.groupBy(values, (value) => value);
  const tied = [...ties.values()].reduce((sum, equal) => sum + term(equal.length), 0);
  return (term(values.length) - tied) / 18;
}

/**
 * The Theil–Sen slope and Sen's rank interval (Sen, JASA 63, 1968; Helsel et al., Statistical Methods
 * in Water Resources, USGS TM 4-A3, 2020, section 10.1): a few peaks do not bend it, and memory is all
 * steps and peaks. Readings that follow one another are not independent, so the interval is too
 * narrow rather than too wide: an advice, never a verdict. Undefined with fewer than 10 readings.
 */
export function trendOf(all: readonly MemoryReading[]): MemoryTrend | undefined {
  const step = Math.ceil(all.length / MAX_READINGS);
  const readings = all.filter((_, index) => index % step === 0);
  if (readings.length < MIN_READINGS) return undefined;
  const slopes = pairSlopes(readings);
  if (slopes.length === 0) return undefined;
  const reach = Z_95 * Math.sqrt(kendallVariance(readings.map(({ rssKb }) => rssKb)));
  const at = (rank: number) =>
    slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(rank)))] ?? 0;
  return {
    kbPerHour: median(slopes) * SECONDS_PER_HOUR,
    lowKbPerHour: at((slopes.length - reach) / 2 - 1) * SECONDS_PER_HOUR,
    highKbPerHour: at((slopes.length + reach) / 2) * SECONDS_PER_HOUR,
    readings: readings.length,
  };
}

/** Keeps enough of a soak's readings for its trend, however long it runs. */
export class MemoryReadings {
  readonly #kept: MemoryReading[] = [];
  #every = 1;
  #seen = 0;

  add(reading: MemoryReading): void {
    this.#seen += 1;
    if (this.#seen % this.#every !== 0) return;
    this.#kept.push(reading);
    if (this.#kept.length < 2 * MAX_READINGS) return;
    const half = this.#kept.filter((_, index) => index % 2 === 0);
    this.#kept.splice(0, this.#kept.length, ...half);
    this.#every *= 2;
  }

  trend(): MemoryTrend | undefined {
    return trendOf(this.#kept);
  }
}

/** The trend in words. */
export function trendText(trend: MemoryTrend | undefined): string {
  if (trend === undefined) return `no trend from fewer than ${MIN_READINGS} readings`;
  const { kbPerHour, lowKbPerHour, highKbPerHour } = trend;
  const round = (value: number) => `${value > 0 ? '+' : ''}${Math.round(value)}`;
  const sure = lowKbPerHour > 0 ? 'it grows' : highKbPerHour < 0 ? 'it shrinks' : 'no clear trend';
  return `advisory trend ${round(kbPerHour)} KiB/h, 95 % between ${round(lowKbPerHour)} and ${round(highKbPerHour)}: ${sure}`;
}
