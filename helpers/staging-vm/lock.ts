import { StagingVmError } from './ending.ts';
import { startProgram } from './programs.ts';

/**
 * Runs the work under an flock(1) of the file. A helper holds the lock for as long as its standard
 * input is open, so it is given back however we end.
 * @throws StagingVmError when the lock cannot be taken, before any work; or when it was lost during the work.
 */
export async function underLock(
  path: string,
  signal: AbortSignal,
  waiting: () => void,
  work: () => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  const holder = startProgram('flock', [path, 'sh', '-c', 'echo locked; exec cat >/dev/null'], {
    stdin: 'pipe',
    cancelSignal: signal,
  });
  const patience = setTimeout(waiting, 1000);
  try {
    const locked = new Promise<true>((resolve) => holder.stdout.once('data', () => resolve(true)));
    const taken = await Promise.race([locked, holder]);
    clearTimeout(patience);
    signal.throwIfAborted();
    if (taken !== true)
      throw new StagingVmError(`${path} cannot be locked: ${taken.stderr || taken.shortMessage}`);
    await work();
    const { exitCode, signalCode } = holder.nodeChildProcess;
    if (exitCode !== null || signalCode !== null)
      throw new StagingVmError(
        `the lock ${path} was lost during the work, which cannot be trusted`,
      );
  } finally {
    clearTimeout(patience);
    holder.stdin.end();
    await holder;
  }
}
