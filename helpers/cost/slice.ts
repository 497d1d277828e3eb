import { z } from 'zod';

/** How long one piece of work took, each time, in µs. */
export const times = z.object({
  count: z.int().positive(),
  /** Of one that nothing disturbed. */
  least: z.number(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
  /** All of it, divided by the count: the inverse of the throughput. */
  mean: z.number(),
});
export type Times = z.output<typeof times>;

/** More than a slice of work comes to. */
const MOST = 1_000_000;
const took = new Float64Array(MOST);

const quantile = (sorted: Float64Array, share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;

/** Does it again and again for so many milliseconds. @param between is not timed. */
export function timed(ms: number, once: () => void, between?: () => void): Times {
  const end = performance.now() + ms;
  return timedWhile((_, now) => now < end, once, between);
}

/** Does it so many times. */
export const timedTimes = (most: number, once: () => void): Times =>
  timedWhile((count) => count < most, once);

function timedWhile(
  goesOn: (count: number, now: number) => boolean,
  once: () => void,
  between?: () => void,
): Times {
  let count = 0;
  let total = 0;
  let now: number;
  do {
    const begun = performance.now();
    once();
    now = performance.now();
    took[count] = now - begun;
    total += now - begun;
    count += 1;
    between?.();
  } while (goesOn(count, now) && count < MOST);
  const sorted = took.subarray(0, count).sort();
  const us = (milliseconds: number) => 1000 * milliseconds;
  return {
    count,
    least: us(quantile(sorted, 0)),
    p50: us(quantile(sorted, 0.5)),
    p95: us(quantile(sorted, 0.95)),
    p99: us(quantile(sorted, 0.99)),
    mean: us(total / count),
  };
}

/** The middle one of each figure: what one busy moment of the host did to a slice does not count. */
export function middle(slices: readonly Times[]): Times {
  const of = (name: keyof Times) => {
    const sorted = slices.map((one) => one[name]).sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  const [count, least] = [of('count'), of('least')];
  return { count, least, p50: of('p50'), p95: of('p95'), p99: of('p99'), mean: of('mean') };
}
