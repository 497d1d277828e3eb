import { endsWithStep, mustGoOn } from '../criteria/step-signal.ts';
import { startProgram } from '../host/program.ts';
import { escapedCharacter } from '../text/escaped-character.ts';

/** Characters of a command's output in a message. */
const MOST_SAID = 250;

/** How the candidate is run: its executable and its environment. */
export interface Candidate {
  readonly executable: string;
  /** What the suite sets for it, and for programs of ours beside it. */
  readonly environment: Readonly<Record<string, string>>;
  /** AGENT_ENVIRONMENT: what production sets besides; programs of ours do not get it. */
  readonly ofProduction?: Readonly<Record<string, string>>;
  /** How long one command may take before it is killed. */
  readonly timeoutSeconds: number;
  /** Told of each command that ended, before its result is used. */
  readonly ended?: (ended: EndedCommand) => void;
}

/** All that the agent gets; nothing of production's stands before what the suite sets. */
export const agentEnvironment = ({ environment, ofProduction = {} }: Candidate) => ({
  ...ofProduction,
  ...environment,
});

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
  const { exitCode, signal, stdout, notStarted, ...result } = await startProgram(
    candidate.executable,
    args,
    {
      env: agentEnvironment(candidate),
      timeoutMs: candidate.timeoutSeconds * 1000,
      ...endsWithStep(),
    },
  ).ended;
  candidate.ended?.({
    ...{ at, arguments: args, exitCode, signal },
    ...(result.timedOut ? { timedOut: true } : {}),
    durationMs: Math.round(result.durationMs),
  });
  mustGoOn();
  return {
    command: `aegisbpf ${args.join(' ')}`,
    exitCode,
    signal,
    stdout: stdout.toString('utf8'),
    stdoutBytes: stdout,
    stderr: notStarted?.message ?? result.stderr,
    timedOut: result.timedOut,
    durationMs: result.durationMs,
  };
}

/** Text of the agent, safe for a terminal and a report: one line, cut, control characters escaped. */
export function outputText(text: string, limit = 300): string {
  const escaped = text.trim().replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapedCharacter);
  if (escaped.length <= limit) return escaped || '(nothing)';
  return `${escaped.slice(0, limit)} … (${escaped.length} characters)`;
}

/** How a process ended by itself or by a signal, in words. */
export const endText = ({ exitCode, signal }: Pick<CommandResult, 'exitCode' | 'signal'>) =>
  signal === undefined ? `exited with ${exitCode}` : `was ended by ${signal}`;

/** The last lines of an output, as many whole ones as are short enough together; of a longer last one its end. */
function lastLines(text: string): string {
  const lines = text.trim().split('\n');
  let kept = lines.pop()?.slice(-MOST_SAID) ?? '';
  for (const line of lines.reverse()) {
    if (line.length + 1 + kept.length > MOST_SAID) break;
    kept = `${line}\n${kept}`;
  }
  return kept;
}

/** How a command ended, in words, with the last of what it said. */
export function howItEnded(result: Omit<CommandResult, 'stdoutBytes'>): string {
  const end = result.timedOut
    ? `did not end within ${Math.round(result.durationMs / 1000)} s and was killed`
    : result.signal === undefined && result.exitCode === undefined
      ? 'could not be started'
      : endText(result);
  const words = result.stderr.trim() === '' ? result.stdout : result.stderr;
  return `\`${outputText(result.command)}\` ${end}; it said: ${outputText(lastLines(words))}`;
}
