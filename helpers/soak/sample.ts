import { z } from 'zod';
import { jsonOf } from '../files/ndjson.ts';
import { openLatency } from '../workload/latency-schemas.ts';

/** One line of `samples.ndjson`. Absent figures are absent, never zero. */
const sample = z.object({
  at: z.string(),
  /** Since the soak began, by the monotonic clock. */
  elapsedMs: z.number(),
  attempts: z.number().int(),
  allowed: z.number().int(),
  denied: z.number().int(),
  signals: z.number().int(),
  /** Cumulative counters of the agent; absent when the scrape failed. */
  decisions: z.number().optional(),
  drops: z.number().optional(),
  telemetryDrops: z.number().optional(),
  scrapeError: z.string().optional(),
  rssKb: z.number().optional(),
  rssSource: z.string().optional(),
  /** User and system time so far, and the system time of it. */
  cpuTicks: z.number().optional(),
  cpuSystemTicks: z.number().optional(),
  threads: z.number().optional(),
  fileDescriptors: z.number().optional(),
  childProcesses: z.number().optional(),
  lockedKb: z.number().optional(),
  /** What the agent has logged and had written to disk so far, and the size of its own files. */
  writtenBytes: z.number().optional(),
  filesKb: z.number().optional(),
  eventLines: z.number().int(),
  /** Of the workers' opens since the sample before, in µs. */
  openLatencyUs: openLatency.optional(),
});

export type Sample = z.output<typeof sample>;

/** A line of `samples.ndjson`; undefined where it is torn. */
export const sampleOf = (line: string) => sample.safeParse(jsonOf(line)).data;
