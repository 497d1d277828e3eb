/**
 * Resident memory of a process, and the file of its /proc folder that said so. Reads what the kernel sums up while it is asked, page by page (smaps_rollup, proc_pid_smaps(5)).
 * VmRSS of `status` is only an estimate: each CPU adds to it in batches (proc_pid_status(5)), so that it
 * lags by megabytes and then jumps. It serves where there is no smaps_rollup (before Linux 4.14, or
 * without the right to read it).
 */
export function residentMemory(read: (name: string) => string | undefined) {
  const summed = read('smaps_rollup')?.match(/^Rss:\s+(\d+) kB$/m)?.[1];
  if (summed !== undefined) return { kb: Number(summed), name: 'smaps_rollup' };
  const estimated = read('status')?.match(/^VmRSS:\s+(\d+) kB$/m)?.[1];
  return estimated === undefined ? undefined : { kb: Number(estimated), name: 'status' };
}

/** Where a figure of resident memory comes from, in words. */
export function memorySourceText(source: string): string {
  return source.endsWith('/status')
    ? `VmRSS of ${source}, which the kernel only estimates (smaps_rollup could not be read)`
    : `Rss of ${source}`;
}
