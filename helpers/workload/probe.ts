import { hash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { outputText } from '../agent/command.ts';
import type { OwnFile } from '../changes/own-file.ts';
import { noEvidence } from '../criteria/judgement.ts';
import { endsWithStep, mustGoOn } from '../criteria/step-signal.ts';
import { COMPILE_CACHE } from '../files/compile-cache.ts';
import { jsonOf } from '../files/ndjson.ts';
import { type KnownProcess, ownProcess } from '../host/known-process.ts';
import { ORDINARY_PROGRAM } from './programs.ts';

/** What one open of a file did. */
export type OpenOutcome =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'wrong-content' }
  | { readonly kind: 'refused'; readonly errno: string };

/** What a process that opened the file saw; it survives SIGTERM and SIGINT to tell. */
export interface Probe {
  readonly pid: number;
  /** What the host knew of it while it ran. */
  readonly self: KnownProcess;
  readonly outcomes: readonly OpenOutcome[];
  /** The first open's outcome. */
  readonly outcome: OpenOutcome;
  readonly signals: number;
}

/** What became of an ordinary program (cat) that opened the file. */
export interface Victim {
  readonly pid: number | undefined;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stderr: string;
}

const report = z.object({
  pid: z.number().int(),
  self: ownProcess,
  signals: z.number().int(),
  outcomes: z
    .array(
      z.discriminatedUnion('allowed', [
        z.object({ allowed: z.literal(true), sha256: z.string() }),
        z.object({ allowed: z.literal(false), errno: z.string() }),
      ]),
    )
    .min(1),
});

const PROBE_TIMEOUT_MS = 60_000;

/** Opens the file from a throw-away process and reports the outcome, errno and signals. */
export async function probeFile(
  file: Pick<OwnFile, 'path' | 'content'>,
  environment: Readonly<Record<string, string>>,
  opens = 1,
  started: (pid: number | undefined) => void = () => {},
): Promise<Probe> {
  const script = fileURLToPath(new URL('open-file.ts', import.meta.url));
  const child = execa(process.execPath, [script, file.path, String(opens)], {
    env: { ...environment, ...COMPILE_CACHE },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    ...endsWithStep(),
    timeout: PROBE_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  started(child.pid);
  const result = await child;
  mustGoOn();
  const parsed = report.safeParse(jsonOf(result.stdout));
  if (!parsed.success) {
    throw noEvidence(
      `the process that opens ${file.path} ended without a report (exit ${result.exitCode ?? 'none'}, signal ${result.signal ?? 'none'}): ${outputText(result.stderr)}`,
      { source: 'probe process' },
    );
  }
  const expected = hash('sha256', file.content);
  const outcomes = parsed.data.outcomes.map((one): OpenOutcome => {
    if (!one.allowed) return { kind: 'refused', errno: one.errno };
    return { kind: one.sha256 === expected ? 'allowed' : 'wrong-content' };
  });
  const [outcome] = outcomes;
  if (outcome === undefined) throw noEvidence('the probe process reported no open');
  const { pid, signals, self } = parsed.data;
  return { pid, self, signals, outcomes, outcome };
}

/** Lets an ordinary program open the file: it must really be ended by the enforce signal. */
export async function runVictim(
  path: string,
  environment: Readonly<Record<string, string>>,
): Promise<Victim> {
  const child = execa(ORDINARY_PROGRAM, ['--', path], {
    env: environment,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stdout: 'ignore',
    ...endsWithStep(),
    timeout: PROBE_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const { pid } = child;
  const result = await child;
  mustGoOn();
  return { pid, exitCode: result.exitCode, signal: result.signal, stderr: result.stderr ?? '' };
}

/** An outcome in words. */
export function outcomeText(outcome: OpenOutcome): string {
  if (outcome.kind === 'allowed') return 'allowed';
  if (outcome.kind === 'wrong-content') return 'allowed, but with other content than was written';
  return `refused with ${outcome.errno}`;
}
