/** Eight buckets for each doubling: a bucket's middle is within 4.5 % of what is in it. */
const BUCKETS_PER_DOUBLING = 8;
/** Of 0.1 µs; what is faster is counted there. */
export const LOWEST_BUCKET = Math.round(Math.log2(0.1) * BUCKETS_PER_DOUBLING);
/** Of 70 s, longer than which nothing is told apart. */
export const HIGHEST_BUCKET = 26 * BUCKETS_PER_DOUBLING;

/** `[bucket, opens]` for each bucket that is not empty: how a worker tells its latencies. */
export type LatencyCounts = [bucket: number, opens: number][];

/** How long opens took, in µs: half of them at most p50, 99 of 100 at most p99. */
export interface OpenLatency {
  readonly opens: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A histogram of latencies with a bounded number of buckets, however many opens there are. */
export class LatencyHistogram {
  readonly #opens = new Uint32Array(HIGHEST_BUCKET - LOWEST_BUCKET + 1);
  #total = 0;

  record(milliseconds: number): void {
    const bucket = Math.round(Math.log2(milliseconds * 1000) * BUCKETS_PER_DOUBLING);
    this.#count(Math.min(HIGHEST_BUCKET, Math.max(LOWEST_BUCKET, bucket)), 1);
  }

  add(counts: LatencyCounts): void {
    for (const [bucket, opens] of counts) this.#count(bucket, opens);
  }

  /** What was recorded since this was called last. */
  take(): LatencyCounts {
    const counts: LatencyCounts = [];
    for (const [index, opens] of this.#opens.entries())
      if (opens > 0) counts.push([index + LOWEST_BUCKET, opens]);
    this.#opens.fill(0);
    this.#total = 0;
    return counts;
  }

  /** Undefined without any open. */
  summary(): OpenLatency | undefined {
    if (this.#total === 0) return undefined;
    return { opens: this.#total, p50: this.#at(0.5), p99: this.#at(0.99), max: this.#at(1) };
  }

  #count(bucket: number, opens: number): void {
    const index = bucket - LOWEST_BUCKET;
    this.#opens[index] = (this.#opens[index] ?? 0) + opens;
    this.#total += opens;
  }

  /** The middle of the bucket that holds the open of this rank, in µs. */
  #at(share: number): number {
    const rank = Math.ceil(share * this.#total);
    let seen = 0;
    const index = this.#opens.findIndex((opens) => {
      seen += opens;
      return seen >= rank;
    });
    const microseconds = 2 ** ((index + LOWEST_BUCKET) / BUCKETS_PER_DOUBLING);
    return Number(microseconds.toPrecision(3));
  }
}
