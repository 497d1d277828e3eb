import type { Reporter } from 'vitest/node';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { runVerdict } from '../helpers/evidence/verdict.ts';
import { readReview } from '../helpers/review/review-file.ts';
import { CHART_FILES, CHARTS_FOLDER } from './charts/charts.ts';
import { type RunRecord, readRun } from './records.ts';
import { reportStep } from './report-step.ts';
import { type Ticket, ticketText } from './ticket.ts';

/** What a run's page is made of, as it stands now. */
export function ticketOf(run: RunRecord, path: string): Ticket {
  const directory = new RunDirectory(path);
  return {
    run,
    verdict: runVerdict(directory, run),
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
