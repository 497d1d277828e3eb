import type { Scrape } from '../agent/scrape.ts';
import type { WorkloadCounts } from '../workload/attempt-counts.ts';
import type { Clocks } from '../workload/clocks.ts';
import type { Loads } from './loads.ts';
import type { ReadingCheck } from './result.ts';
import type { Sampler } from './sampler.ts';
import type { Settled } from './settled.ts';

/** Decisions of others by their event lines, as the two families count them. */
export interface Others {
  readonly file: number;
  readonly net: number;
}

/** Event lines between two scrapes: all, those of our own processes, and how many of others may be on either side. */
interface Lines {
  readonly all: number;
  readonly own: number;
  readonly atEdges: number;
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
  /** Event lines on the soak file. */
  readonly lines: Lines;
  /** Event lines on the subject of each side work. */
  readonly sideLines: readonly Lines[];
  /** Event lines of others from before the soak. */
  readonly strangersBefore: Others;
  readonly settled: Settled;
  /** What the agent logged and wrote to disk in the soak. */
  readonly written: { readonly bytes: number; readonly seconds: number } | undefined;
}
