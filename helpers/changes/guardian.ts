/**
 * The guardian: a small process of our own that holds the host's lock and undoes the run.
 *
 * vitest runs no hook when it is interrupted, so undoing never depends on it: when the pipe on our
 * standard input closes, for whatever reason, the run is over and the journal is undone.
 * Run under flock(1), so that the lock lives exactly as long as this process, whatever ends it.
 * It makes the run's journal and holds it open, so that it can undo a run whose journal was removed.
 * Standard output carries one JSON message a line for the run that started us.
 */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { GuardianMessage } from './guardian-process.ts';
import { Journal } from './journal.ts';
import { type UndoReport, undoAll } from './undo.ts';

const argumentsOf = z.tuple([z.string(), z.string(), z.enum(['run', 'recover'])]);

const ignoreGone = () => {
  // The run or its terminal is gone: there is nobody to tell, and undoing goes on.
};
process.stdout.on('error', ignoreGone);
process.stderr.on('error', ignoreGone);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE', 'SIGQUIT'] as const) {
  process.on(name, ignoreGone);
}

const tell = (message: GuardianMessage) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Undoes what is left; the journal stays where something could not be undone. */
async function undo(...[journal, ...how]: Parameters<typeof undoAll>): Promise<UndoReport> {
  const report = await undoAll(journal, ...how);
  if (report.problems.length === 0) journal.end();
  return report;
}

/** Tells who holds the lock. It is only told: the lock itself does not depend on it. */
function tellHolder(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch {
    // Somebody removed the folder; whoever comes second is refused without a name.
  }
}

async function untilTheRunEnds(): Promise<'asked' | 'lost'> {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  return text.includes('finish') ? 'asked' : 'lost';
}

const [holderFile, holder, purpose] = argumentsOf.parse(process.argv.slice(2));
tellHolder(holderFile, `${holder}\n`);
const say = (text: string) => process.stderr.write(`aegisbpf-canary: ${text}\n`);
const recovering = (text: string) => say(`recovering an earlier run: ${text}`);
const recovered = await undo(new Journal(), recovering, 'later');
// What could not be undone keeps its journal, and no run begins beside it.
const begins = purpose === 'run' && recovered.problems.length === 0;
const journal = begins ? Journal.make() : undefined;
tell({ state: 'ready', report: recovered, journal: journal?.identity });
const end = await untilTheRunEnds();
const interrupted = end === 'lost' ? journal?.read() : undefined;
if (interrupted !== undefined) {
  // The live line of the run, or the ^C of its terminal, stands there without an end.
  if (process.stderr.isTTY) process.stderr.write('\n');
  say('the run was interrupted; undoing');
}
const report: UndoReport =
  journal === undefined
    ? { undone: [], problems: [] }
    : await undoAll(journal, end === 'lost' ? say : () => {});
if (end === 'lost') for (const problem of report.problems) say(`NOT UNDONE: ${problem}`);
if (report.problems.length === 0) {
  if (interrupted !== undefined)
    say(`all is undone; what was measured is in ${interrupted.run.runDirectory}`);
  // Whoever waits for the end of the undoing waits for this.
  journal?.end();
}
tell({ state: 'finished', report });
tellHolder(holderFile, '');
process.exitCode = report.problems.length === 0 ? 0 : 1;
