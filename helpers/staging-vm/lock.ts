import { execa } from 'execa';
import { DIES_WITH_US, PROGRAM_ENVIRONMENT } from './programs.ts';

/**
 * Runs the work under an flock(1) of the file. A helper holds the lock for as long as its standard
 * input is open, so it is given back however we end.
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
    const locked = new Promise<void>((resolve) => holder.stdout.once('data', () => resolve()));
    await Promise.race([locked, holder]);
    clearTimeout(patience);
    signal.throwIfAborted();
    return await work();
  } finally {
    clearTimeout(patience);
    holder.stdin.end();
    await holder;
  }
}
