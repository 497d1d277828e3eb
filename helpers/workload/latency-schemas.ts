import { z } from 'zod';
import {
  HIGHEST_BUCKET,
  type LatencyCounts,
  LOWEST_BUCKET,
  type OpenLatency,
} from './open-latency.ts';

/** What a worker tells of its latencies. Apart from the histogram, so that a worker starts without zod. */
export const latencyCounts: z.ZodType<LatencyCounts> = z.array(
  z.tuple([
    z.number().int().min(LOWEST_BUCKET).max(HIGHEST_BUCKET),
    z.number().int().nonnegative(),
  ]),
);

/** What a run keeps of them. */
export const openLatency: z.ZodType<OpenLatency> = z.object({
  opens: z.number().int().positive(),
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
});
