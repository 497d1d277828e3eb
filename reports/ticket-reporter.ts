import type { Reporter } from 'vitest/node';
import { finalStatus } from '../helpers/criteria/final-status.ts';
import { reportProblems } from '../helpers/evidence/report-problems.ts';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { readReview } from '../helpers/review/review-file.ts';
import { CHART_FILES, CHARTS_FOLDER } from './charts/charts.ts';
import { type RunRecord, readRun } from './records.ts';
import { reportStep } from './report-step.ts';
import { type Ticket, ticketText } from './ticket.ts';

/** What a run's page is made of, as it stands now. */
export function ticketOf(run: RunRecord, path: string): Ticket {
  const directory = new RunDirectory(path);
  const records = directory.criteria();
  const unwritten = reportProblems(directory);
  return {
    run,
    status: finalStatus(records, run.asked, run.rehearsal.length > 0, unwritten),
    records: [...records.values()],
    review: readReview(directory),
    judgedAt: new Date().toISOString(),
    charts: CHART_FILES.map((name) => `${CHARTS_FOLDER}/${name}`).filter((name) =>
      directory.has(name),
    ),
  };
}

/** Writes `ticket.md`. */
export default class TicketReporter implements Reporter {
  readonly #path: string;

  constructor(options: { runDirectory: string }) {
    this.#path = options.runDirectory;
  }

  onTestRunEnd(): void {
    const run = readRun(this.#path);
    if (run === undefined) return;
    reportStep(this.#path, 'ticket.md', () => {
      new RunDirectory(this.#path).writeText('ticket.md', ticketText(ticketOf(run, this.#path)));
    });
  }
}
