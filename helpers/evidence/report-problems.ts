import { channel } from 'node:diagnostics_channel';
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { RunDirectory } from './run-directory.ts';

const PROBLEMS_FILE = 'report-problems.ndjson';
const problemLine = z.object({ problem: z.string() });

/** Keeps that a report could not be written. On a full disk this fails too, and so does the rest. */
export function recordReportProblem(path: string, problem: string): void {
  try {
    new RunDirectory(path).appendLine(PROBLEMS_FILE, { problem });
  } catch {
    // Told on the terminal already; a summary that is missing is no pass either.
  }
}

const LOST = 'a report could not be written, and why could not be written either';

/** Reports of this run that could not be written, in words. */
export function reportProblems(run: RunDirectory): readonly string[] {
  if (!run.has(PROBLEMS_FILE)) return [];
  const { values, torn } = run.lines(PROBLEMS_FILE);
  const told = values.map((value) => problemLine.safeParse(value).data?.problem ?? LOST);
  const all = [...new Set([...told, ...torn.map(() => LOST)])];
  // A full disk makes the file and lets nothing into it.
  return all.length > 0 ? all : [LOST];
}

/** A run that is judged again writes its reports anew. */
export function forgetReportProblems(path: string): void {
  rmSync(new RunDirectory(path).file(PROBLEMS_FILE), { force: true });
}

/**
 * Something changed the verdict when reports were written already: one that failed after the others, or
 * an undoing that did not succeed. By name, since vitest loads reporters and setup apart from each other.
 */
const changed = channel('aegisbpf-canary:verdict-changed');

/** Has a report written anew whenever the verdict changes behind it. */
export function onVerdictChanged(write: () => void): void {
  changed.subscribe(write);
}

/** Has every report that was written so far written anew. */
export function verdictChanged(): void {
  changed.publish(undefined);
}
