import { execa } from 'execa';
import { endsWithStep, mustGoOn } from '../criteria/step-signal.ts';
import { escapedCharacter } from '../text/escaped-character.ts';

/** How the candidate is run: its executable and the only environment it gets. */
export interface Candidate {
  readonly executable: string;
  readonly environment: Readonly<Record<string, string>>;
  /** How long one command may take before it is killed. */
  readonly timeoutSeconds: number;
  /** Told of each command that ended, before its result is used. */
  readonly ended?: (ended: EndedCommand) => void;
}

/** One line of `commands.ndjson`: a command of the candidate, how it ended and how long it took. */
interface EndedCommand {
  /** When it was started, ISO 8601 in UTC. */
  readonly at: string;
  readonly arguments: readonly string[];
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly timedOut?: true | undefined;
  readonly durationMs: number;
}

/** What a finished command left. `exitCode` is undefined when a signal ended it. */
export interface CommandResult {
  readonly command: string;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  /** Standard output as it came, for the evidence. */
  readonly stdoutBytes: Uint8Array;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

/** Real documents are a few kilobytes; a flood must not take the harness's memory. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Output of a command that has ended is in the pipe already; what still holds it open is another. */
const OUTPUT_GRACE_MS = 5000;

/**
 * Runs a one-shot command of the candidate to its end. Never throws for what the command does;
 * a hang ends by SIGKILL after the deadline and is said in `timedOut`. A process that it left behind
 * with its output is not waited for.
 * @throws when the step that runs it is past its deadline: the command is ended, and no other starts.
 */
export async function runCommand(
  candidate: Candidate,
  ...args: readonly string[]
): Promise<CommandResult> {
  mustGoOn();
  const at = new Date().toISOString();
  const running = execa(candidate.executable, args, {
    env: candidate.environment,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: candidate.timeoutSeconds * 1000,
    killSignal: 'SIGKILL',
    ...endsWithStep(),
    maxBuffer: MAX_OUTPUT_BYTES,
    encoding: 'buffer',
    stripFinalNewline: false,
  });
  const letGo = () => {
    running.stdout.destroy();
    running.stderr.destroy();
  };
  running.nodeChildProcess.once('exit', () => setTimeout(letGo, OUTPUT_GRACE_MS).unref());
  const result = await running;
  const { exitCode, signal } = result;
  candidate.ended?.({
    ...{ at, arguments: args, exitCode, signal },
    ...(result.timedOut ? { timedOut: true } : {}),
    durationMs: Math.round(result.durationMs),
  });
  mustGoOn();
  const spawnError = exitCode === undefined && signal === undefined;
  return {
    command: `aegisbpf ${args.join(' ')}`,
    exitCode,
    signal,
    stdout: textOf(result.stdout),
    stdoutBytes: result.stdout ?? new Uint8Array(),
    stderr: spawnError ? (result.shortMessage ?? 'it could not be started') : textOf(result.stderr),
    timedOut: result.timedOut,
    durationMs: result.durationMs,
  };
}

const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8');

/** Text of the agent, safe for a terminal and a report: one line, cut, control characters escaped. */
export function outputText(text: string, limit = 300): string {
  const escaped = text.trim().replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapedCharacter);
  if (escaped.length <= limit) return escaped || '(nothing)';
  return `${escaped.slice(0, limit)} … (${escaped.length} characters)`;
}

/** How a process ended by itself or by a signal, in words. */
export const endText = ({ exitCode, signal }: Pick<CommandResult, 'exitCode' | 'signal'>) =>
  signal === undefined ? `exited with ${exitCode}` : `was ended by ${signal}`;

/** How a command ended, in words, with the last of what it said. */
export function howItEnded(result: CommandResult): string {
  const end = result.timedOut
    ? `did not end within ${Math.round(result.durationMs / 1000)} s and was killed`
    : result.signal === undefined && result.exitCode === undefined
      ? 'could not be started'
      : endText(result);
  const words = result.stderr.trim() === '' ? result.stdout : result.stderr;
  return `\`${outputText(result.command)}\` ${end}; it said: ${outputText(words.slice(-300))}`;
}
