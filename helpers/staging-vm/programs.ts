import { execa, type Options } from 'execa';
import { StagingVmError } from './ending.ts';
import { PROGRAM_PATH } from './requirements.ts';

/** A progress line on standard error, with the seconds since the tool started. */
export function say(words: string): void {
  const seconds = (performance.now() / 1000).toFixed(1).padStart(6);
  process.stderr.write(`staging-vm [${seconds} s] ${words}\n`);
}

/** Hosts' own settings must not change what is built: the environment of every program we start. */
const PROGRAM_ENVIRONMENT = { PATH: PROGRAM_PATH, LC_ALL: 'C', HOME: '/root' } as const;

const withOurEnvironment = execa({
  env: PROGRAM_ENVIRONMENT,
  extendEnv: false,
  stdin: 'ignore',
  reject: false,
});

/** Starts a program that dies with us, even when we are killed with SIGKILL (setpriv(1)). */
export const startProgram = <O extends Options>(
  program: string,
  args: readonly string[],
  options: O,
) => withOurEnvironment('setpriv', ['--pdeathsig', 'KILL', program, ...args], options);

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
  const result = await startProgram(program, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: environment,
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
