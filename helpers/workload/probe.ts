import { hash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { outputText } from '../agent/command.ts';
import type { OwnFile } from '../changes/own-file.ts';
import { noEvidence } from '../criteria/judgement.ts';
import { endsWithStep, mustGoOn } from '../criteria/step-signal.ts';
import { COMPILE_CACHE } from '../files/compile-cache.mjs';
import { jsonOf } from '../files/ndjson.ts';
import type { ProcessFacts } from '../host/process-facts.ts';
import { startProgram } from '../host/program.ts';
import { ORDINARY_PROGRAM } from './programs.ts';

/** What one open of a file did. */
export type OpenOutcome =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'wrong-content' }
  | { readonly kind: 'refused'; readonly errno: string };

const opened = z.discriminatedUnion('allowed', [
  z.object({ allowed: z.literal(true), sha256: z.string() }),
  z.object({ allowed: z.literal(false), errno: z.string() }),
]);

/** Here, and not beside its type: the process that opens the file starts without zod. */
const processFacts: z.ZodType<ProcessFacts> = z.object({
  pid: z.number().int(),
  startTicks: z.number(),
  parentPid: z.number().int(),
  uid: z.number().int(),
  names: z.array(z.string()),
  cgroup: z.object({ id: z.number(), paths: z.array(z.string()) }).optional(),
});

const report = z.object({
  pid: z.number().int(),
  self: processFacts,
  signals: z.number().int(),
  outcomes: z.tuple([opened], opened),
});

/** What a process that opened the file saw; it survives SIGTERM and SIGINT to tell. */
export interface Probe extends Omit<z.output<typeof report>, 'outcomes'> {
  /** The first open's outcome. */
  readonly outcome: OpenOutcome;
}

/** A process that is gone within a minute, and with its step. */
const shortLived = () => ({ ...endsWithStep(), timeoutMs: 60_000 });

/** Opens the file from a throw-away process and reports the outcome, errno and signals. */
export async function probeFile(
  file: Pick<OwnFile, 'path' | 'content'>,
  environment: Readonly<Record<string, string>>,
  opens = 1,
  started: (pid: number | undefined) => void = () => {},
): Promise<Probe> {
  const script = fileURLToPath(new URL('open-file.ts', import.meta.url));
  const env = { ...environment, ...COMPILE_CACHE };
  const args = [script, file.path, String(opens)];
  const { pid, ended } = startProgram(process.execPath, args, { env, ...shortLived() });
  started(pid);
  const result = await ended;
  mustGoOn();
  const parsed = report.safeParse(jsonOf(result.stdout.toString('utf8')));
  if (!parsed.success) {
    throw noEvidence(
      `the process that opens ${file.path} ended without a report (exit ${result.exitCode ?? 'none'}, signal ${result.signal ?? 'none'}): ${outputText(result.stderr)}`,
      { source: 'probe process' },
    );
  }
  const { outcomes, ...known } = parsed.data;
  const [first] = outcomes;
  if (!first.allowed) return { ...known, outcome: { kind: 'refused', errno: first.errno } };
  const isOurs = first.sha256 === hash('sha256', file.content);
  return { ...known, outcome: { kind: isOurs ? 'allowed' : 'wrong-content' } };
}

/** Lets an ordinary program (cat) open the file: it must really be ended by the enforce signal. */
export async function runVictim(path: string, environment: Readonly<Record<string, string>>) {
  const limits = { env: environment, ...shortLived() };
  const { pid, ended } = startProgram(ORDINARY_PROGRAM, ['--', path], limits);
  const { exitCode, signal, stderr } = await ended;
  mustGoOn();
  return { pid, exitCode, signal, stderr };
}

/** An outcome in words. */
export function outcomeText(outcome: OpenOutcome): string {
  if (outcome.kind === 'allowed') return 'allowed';
  if (outcome.kind === 'wrong-content') return 'allowed, but with other content than was written';
  return `refused with ${outcome.errno}`;
}
