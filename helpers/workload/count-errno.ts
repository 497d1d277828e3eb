import type { RouteCounts } from './attempt-counts.ts';

/** Counts an attempt that the kernel refused. */
export function countErrno(
  counts: Pick<RouteCounts, 'eperm' | 'otherErrno'>,
  error: unknown,
): void {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'EPERM') counts.eperm += 1;
  else counts.otherErrno[code] = (counts.otherErrno[code] ?? 0) + 1;
}
