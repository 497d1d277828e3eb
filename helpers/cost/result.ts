import { z } from 'zod';

/** The file of the run directory with every ratio. */
export const RATIOS_FILE = 'cost/ratios.json';

const comparison = z.object({ ratio: z.number(), low: z.number(), high: z.number() });

const judgedRatio = z.object({
  piece: z.string(),
  mode: z.enum(['audit', 'enforce']),
  /** p50, p95 and p99 of the time of one, and time per operation. */
  figure: z.string(),
  ...comparison.shape,
  /** The host without the agent against itself. */
  noise: comparison,
  limit: z.number(),
  verdict: z.enum(['above', 'within', 'cannot be told']),
});
export type JudgedRatio = z.output<typeof judgedRatio>;

/** What the cost phase leaves for reports. */
export const costResult = z.object({ ratios: z.array(judgedRatio) });
