import { execa } from 'execa';
import { StagingVmError } from './ending.ts';
import { PROGRAM_PATH } from './requirements.ts';

/** setpriv(1): the program dies with us, even when we are killed with SIGKILL. */
export const DIES_WITH_US = ['setpriv', '--pdeathsig', 'KILL'] as const;

/** Hosts' own settings must not change what is built: the environment of every program we start. */
export const PROGRAM_ENVIRONMENT = { PATH: PROGRAM_PATH, LC_ALL: 'C', HOME: '/root' } as const;

export interface RunProgram {
  readonly signal: AbortSignal;
  /** Exit codes that are no failure. */
  readonly allowed?: readonly number[];
  readonly cwd?: string;
  /** Passed through to programs that reach the network. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a program to its end. @throws StagingVmError with its last words when it fails. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { signal, allowed = [0], cwd, environment = {} }: RunProgram,
): Promise<string> {
  signal.throwIfAborted();
  const [first, ...rest] = [...DIES_WITH_US, program, ...args];
  const result = await execa(first, rest, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...PROGRAM_ENVIRONMENT, ...environment },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    all: true,
    cancelSignal: signal,
    forceKillAfterDelay: 2000,
    stripFinalNewline: false,
  });
  signal.throwIfAborted();
  if (result.exitCode === undefined || !allowed.includes(result.exitCode)) {
    const words = result.all.trim().split('\n').slice(-8).join('\n  ');
    throw new StagingVmError(
      `${program} failed (${result.exitCode ?? result.signal ?? 'not started'}):\n  ${words}`,
    );
  }
  return result.stdout;
}
