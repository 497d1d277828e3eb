/** A quarter of what a pipe holds (pipe(7)). */
const GATHERED_BYTES = 16 * 1024;
/** A read of so much says that the rate has risen since it was measured. */
const RISEN_BYTES = 2 * GATHERED_BYTES;
const RATE_OVER_MS = 500;
const LONGEST_WAIT_MS = 100;
/** Below this a timer costs what it saves. */
const SHORTEST_WAIT_MS = 10;
/** About 20 lines a second: reading them as they come costs nothing, and a probe is told at once. */
const SLOW_BYTES_PER_MS = 8;

/** How fast a stream comes, measured anew every half second. */
export class ReadRate {
  #sinceMs = 0;
  #bytes = 0;
  #bytesPerMs = 0;

  /** @returns bytes per ms, after this read. */
  after(bytes: number, nowMs: number): number {
    this.#bytes += bytes;
    const elapsed = nowMs - this.#sinceMs;
    if (elapsed >= RATE_OVER_MS) {
      this.#bytesPerMs = this.#bytes / elapsed;
      this.#bytes = 0;
      this.#sinceMs = nowMs;
    }
    if (bytes > RISEN_BYTES) this.#bytesPerMs = Number.POSITIVE_INFINITY;
    return this.#bytesPerMs;
  }
}

/**
 * How long a stream of this rate may gather unread, in ms; 0 where it is read as it comes: it is slow,
 * or so fast that a pipe would fill.
 */
export function gatheringWait(bytesPerMs: number): number {
  if (bytesPerMs < SLOW_BYTES_PER_MS) return 0;
  const wait = Math.min(LONGEST_WAIT_MS, GATHERED_BYTES / bytesPerMs);
  return wait < SHORTEST_WAIT_MS ? 0 : wait;
}
