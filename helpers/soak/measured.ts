import type { Scrape } from '../agent/scrape.ts';
import type { WorkloadCounts } from '../workload/attempt-counts.ts';
import type { Clocks } from '../workload/clocks.ts';
import type { Loads } from './loads.ts';
import type { ReadingCheck } from './result.ts';
import type { Sampler } from './sampler.ts';

/** Decisions of others by their event lines, as the two families count them. */
export interface Others {
  readonly file: number;
  readonly net: number;
}

/** All that was measured, before it is judged. */
export interface Measured {
  readonly begun: Clocks;
  readonly ended: Clocks;
  readonly endedEarly: string | undefined;
  readonly counts: WorkloadCounts;
  readonly loads: Loads;
  readonly sampler: Sampler;
  readonly before: Scrape;
  readonly after: Scrape;
  readonly readings: readonly ReadingCheck[];
  /** Event lines during the soak, all and those of our own processes. */
  readonly lines: { readonly all: number; readonly own: number; readonly atEdges: number };
  /** Event lines of others from before the soak. */
  readonly strangersBefore: Others;
  readonly baselineKb: number | undefined;
}
