import { rmSync } from 'node:fs';
import { z } from 'zod';
import { RunDirectory } from './run-directory.ts';

/** Begins what is no report's problem: an error of a hook, an import or a stray promise. */
export const OUTSIDE = 'outside of every criterion: ';

const PROBLEMS_FILE = 'report-problems.ndjson';
const problemLine = z.object({ problem: z.string() });

/** Keeps that a report could not be written, or that something broke where no criterion could say so. On a full disk this fails too, and so does the rest. */
export function recordReportProblem(path: string, problem: string): void {
  try {
    new RunDirectory(path).appendLine(PROBLEMS_FILE, { problem });
  } catch {
    // Told on the terminal already; a summary that is missing is no pass either.
  }
}

const LOST = 'a report could not be written, and why could not be written either';

function problemOf(line: string): string {
  try {
    return problemLine.parse(JSON.parse(line)).problem;
  } catch {
    return LOST;
  }
}

/** Reports of this run that could not be written, in words. */
export function reportProblems(run: RunDirectory): readonly string[] {
  if (!run.has(PROBLEMS_FILE)) return [];
  const lines = run.readText(PROBLEMS_FILE).split('\n');
  const told = lines.filter((line) => line !== '').map(problemOf);
  // A full disk makes the file and lets nothing into it.
  return told.length > 0 ? told : [LOST];
}

/** A run that is judged again writes its reports anew. */
export function forgetReportProblems(path: string): void {
  rmSync(new RunDirectory(path).file(PROBLEMS_FILE), { force: true });
}
