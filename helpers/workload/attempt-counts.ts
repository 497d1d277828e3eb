import { z } from 'zod';

const outcomes = z.object({
  attempts: z.number().int(),
  allowed: z.number().int(),
  eperm: z.number().int(),
  otherErrno: z.record(z.string(), z.number().int()),
});

/** What came of the attempts by one route. */
export type RouteCounts = z.output<typeof outcomes>;

/** How often workers tried, and what came of it; every attempt ends in exactly one outcome. */
export const attemptCounts = outcomes.extend({
  /** Enforce signals that a worker, or a program that it ran, received. */
  signals: z.number().int(),
  /** Attempts the pace asked for and the host was too slow to make. */
  skipped: z.number().int(),
  /** The first opens that went through, ISO 8601 in UTC, and whose they were; an audit soak has many more. */
  wentThrough: z
    .array(z.object({ at: z.string(), pid: z.number().int(), worker: z.string().optional() }))
    .optional(),
  /** The same by route, of a worker that takes several in turn. */
  routes: z.record(z.string(), outcomes).optional(),
});

export type WorkloadCounts = Readonly<z.output<typeof attemptCounts>>;

/** What one worker counts of its attempts. */
export type AttemptCounts = Omit<z.output<typeof attemptCounts>, 'skipped'>;

export type AttemptKind = 'open' | 'program';
