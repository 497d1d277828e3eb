import { z } from 'zod';

export type Protocol = 'tcp' | 'udp';

/** How often workers tried, and what came of it; every attempt ends in exactly one outcome. */
export const attemptCounts = z.object({
  attempts: z.number().int(),
  allowed: z.number().int(),
  eperm: z.number().int(),
  otherErrno: z.record(z.string(), z.number().int()),
  /** Enforce signals that a worker, or a program that it ran, received. */
  signals: z.number().int(),
  /** Attempts the pace asked for and the host was too slow to make. */
  skipped: z.number().int(),
});

export type WorkloadCounts = Readonly<z.output<typeof attemptCounts>>;

/** What one worker counts of its attempts. */
export type AttemptCounts = Omit<z.output<typeof attemptCounts>, 'skipped'>;

export type AttemptKind =
  | ('open' | 'program' | 'exec' | 'mmap' | 'hardlink' | 'rename' | 'symlink')
  | 'tcp-connect'
  | 'udp-connect';
