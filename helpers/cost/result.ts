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
  verdict: z.enum(['above', 'within', 'too noisy to tell']),
});
export type JudgedRatio = z.output<typeof judgedRatio>;

/** What the cost phase leaves for reports. */
export const costResult = z.object({ ratios: z.array(judgedRatio) });

/** The file of the run directory with the comparison of candidate and previous version. */
export const PREVIOUS_FILE = 'cost/previous.json';

const againstPrevious = z.object({
  /** A piece of work, or what the agent takes for itself. */
  metric: z.string(),
  /** What of it: p95, or a unit. */
  figure: z.string(),
  /** The middle one of each version's blocks. */
  candidate: z.number().optional(),
  previous: z.number().optional(),
  ...comparison.partial().shape,
  limit: z.number().optional(),
  verdict: z.enum(['better', 'same', 'worse', 'too noisy to tell', 'no data']),
  /** In words, where it is no number. */
  detail: z.string().optional(),
});
export type AgainstPrevious = z.output<typeof againstPrevious>;

const previousVersion = z.object({
  /** What the previous version says that it is. */
  version: z.string(),
  path: z.string(),
  sha256: z.string(),
});

/** Candidate and previous version. */
export const previousResult = previousVersion.extend({ metrics: z.array(againstPrevious) });
export type PreviousResult = z.output<typeof previousResult>;

/** The file of the run directory with the routes on which candidate or previous version have a finding. */
export const PREVIOUS_ROUTES_FILE = 'coverage/previous.json';

const routeFinding = z.object({
  /** Against the previous version; `no data` where one of the two told nothing. */
  change: z.enum(['new', 'fixed', 'same', 'no data']),
  route: z.string(),
  /** In words, what came of it with each. */
  candidate: z.string(),
  previous: z.string(),
});
export type RouteFinding = z.output<typeof routeFinding>;

/** The routes of both versions. */
export const previousRoutes = previousVersion.extend({ findings: z.array(routeFinding) });
export type PreviousRoutes = z.output<typeof previousRoutes>;
