import { z } from 'zod';

/** One reading of something that the agent takes of the host. */
export interface Reading {
  readonly seconds: number;
  readonly value: number;
}

/** The trend of a figure, with the interval that holds it with 95 % confidence. */
export const trend = z.object({
  perHour: z.number(),
  lowPerHour: z.number(),
  highPerHour: z.number(),
  readings: z.number().int(),
  /** What it comes to from the first reading to the last. */
  rise: z.number(),
  /** Of what it grew by from its first third to its last, how much after the second: half where it is even, less where it ends. */
  lateShare: z.number().optional(),
});
export type Trend = z.output<typeof trend>;

/** Below this the normal approximation of Kendall's statistic does not hold (Hollander & Wolfe). */
const MIN_READINGS = 10;
/** Slopes are taken of all pairs; a longer series is thinned evenly to this many readings. */
const MAX_READINGS = 600;
/** The first of a soak, in which an agent still settles: its threads and connections come with the load. */
const SETTLING = 1 / 4;
const Z_95 = 1.96;
const SECONDS_PER_HOUR = 3600;

const median = (sorted: Float64Array) => {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
};

/** The slopes of all pairs, sorted. */
function pairSlopes(readings: readonly Reading[]): Float64Array {
  const slopes = new Float64Array((readings.length * (readings.length - 1)) / 2);
  let count = 0;
  for (const [index, later] of readings.entries()) {
    for (let before = 0; before < index; before += 1) {
      const earlier = readings[before];
      if (earlier === undefined || later.seconds === earlier.seconds) continue;
      slopes[count] = (later.value - earlier.value) / (later.seconds - earlier.seconds);
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

function lateShare(readings: readonly Reading[]): number | undefined {
  const third = Math.floor(readings.length / 3);
  const [first, second, last] = [0, third, readings.length - third].map((from) =>
    median(new Float64Array(readings.slice(from, from + third).map(({ value }) => value)).sort()),
  );
  if (first === undefined || second === undefined || last === undefined || last === first)
    return undefined;
  return (last - second) / (last - first);
}

/**
 * The Theil–Sen slope and Sen's rank interval (Sen, JASA 63, 1968; Helsel et al., Statistical Methods
 * in Water Resources, USGS TM 4-A3, 2020, section 10.1): a few peaks do not bend it, and memory is all
 * steps and peaks. Readings that follow one another are not independent, so the interval is too narrow
 * rather than too wide, and alone no verdict. Undefined with fewer than 10 readings.
 */
export function trendOf(all: readonly Reading[]): Trend | undefined {
  const step = Math.ceil(all.length / MAX_READINGS);
  const readings = all.filter((_, index) => index % step === 0);
  if (readings.length < MIN_READINGS) return undefined;
  const slopes = pairSlopes(readings);
  if (slopes.length === 0) return undefined;
  const reach = Z_95 * Math.sqrt(kendallVariance(readings.map(({ value }) => value)));
  const at = (rank: number) =>
    slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(rank)))] ?? 0;
  const perHour = median(slopes) * SECONDS_PER_HOUR;
  const seconds = (readings.at(-1)?.seconds ?? 0) - (readings[0]?.seconds ?? 0);
  return {
    perHour,
    lowPerHour: at((slopes.length - reach) / 2 - 1) * SECONDS_PER_HOUR,
    highPerHour: at((slopes.length + reach) / 2) * SECONDS_PER_HOUR,
    readings: readings.length,
    rise: (perHour * seconds) / SECONDS_PER_HOUR,
    lateShare: lateShare(readings),
  };
}

/** Keeps enough of a soak's readings for its trend, however long it runs. */
export class Readings {
  readonly #kept: Reading[] = [];
  #every = 1;
  #seen = 0;

  add(reading: Reading): void {
    this.#seen += 1;
    if (this.#seen % this.#every !== 0) return;
    this.#kept.push(reading);
    if (this.#kept.length < 2 * MAX_READINGS) return;
    const half = this.#kept.filter((_, index) => index % 2 === 0);
    this.#kept.splice(0, this.#kept.length, ...half);
    this.#every *= 2;
  }

  /** Of the readings after the settling. */
  trend(): Trend | undefined {
    const [first, last] = [this.#kept[0]?.seconds ?? 0, this.#kept.at(-1)?.seconds ?? 0];
    const settled = first + (last - first) * SETTLING;
    return trendOf(this.#kept.filter(({ seconds }) => seconds >= settled));
  }
}

/** The trend in words. */
export function trendText(of: Trend | undefined, unit: string): string {
  if (of === undefined) return `no trend from fewer than ${MIN_READINGS} settled readings`;
  const { perHour, lowPerHour, highPerHour } = of;
  const round = (value: number) => `${value > 0 ? '+' : ''}${Math.round(value)}`;
  const sure = lowPerHour > 0 ? 'it grows' : highPerHour < 0 ? 'it shrinks' : 'no clear trend';
  return `trend ${round(perHour)} ${unit}/h, 95 % between ${round(lowPerHour)} and ${round(highPerHour)}: ${sure}`;
}
