import { execa } from 'execa';
import { StagingVmError } from './ending.ts';
import { DIES_WITH_US, PROGRAM_ENVIRONMENT } from './programs.ts';

/**
 * Runs the work under an flock(1) of the file. A helper holds the lock for as long as its standard
 * input is open, so it is given back however we end.
 * @throws StagingVmError when the lock cannot be taken, before any work; or when it was lost during the work.
 */
export async function underLock<T>(
  path: string,
  signal: AbortSignal,
  waiting: () => void,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const [program, ...args] = [
    ...DIES_WITH_US,
    'flock',
    path,
    'sh',
    '-c',
    'echo locked; exec cat >/dev/null',
  ];
  const holder = execa(program, args, {
    env: PROGRAM_ENVIRONMENT,
    extendEnv: false,
    stdin: 'pipe',
    reject: false,
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
    const done = await work();
    if (holder.nodeChildProcess.exitCode !== null || holder.nodeChildProcess.signalCode !== null)
      throw new StagingVmError(
        `the lock ${path} was lost during the work, which cannot be trusted`,
      );
    return done;
  } finally {
    clearTimeout(patience);
    holder.stdin.end();
    await holder;
  }
}
