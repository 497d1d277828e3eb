export type Protocol = 'tcp' | 'udp';

/** How often a worker tried, and what came of it; every attempt ends in exactly one outcome. */
export interface AttemptCounts {
  attempts: number;
  allowed: number;
  eperm: number;
  otherErrno: Record<string, number>;
  /** Enforce signals that the worker, or a program that it ran, received. */
  signals: number;
}

export const ATTEMPT_KINDS = [
  ...['open', 'program', 'exec', 'mmap', 'hardlink', 'rename', 'symlink'],
  ...['tcp-connect', 'udp-connect'],
] as const;
export type AttemptKind =
  | 'open'
  | 'program'
  | 'exec'
  | 'mmap'
  | 'hardlink'
  | 'rename'
  | 'symlink'
  | `${Protocol}-connect`;

export function countErrno(counts: AttemptCounts, error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'EPERM') counts.eperm += 1;
  else counts.otherErrno[code] = (counts.otherErrno[code] ?? 0) + 1;
}
