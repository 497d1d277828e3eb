import {
  PREVIOUS_FILE,
  PREVIOUS_ROUTES_FILE,
  previousResult,
  previousRoutes,
} from '../helpers/cost/result.ts';
import { failureFolders } from '../helpers/evidence/failure-bundle.ts';
import type { RunDirectory } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { comparisonOf } from '../helpers/evidence/summary.ts';
import { runVerdict } from '../helpers/evidence/verdict.ts';
import { jsonOf } from '../helpers/files/ndjson.ts';
import { readReview } from '../helpers/review/review-file.ts';
import { CHART_FILES, CHARTS_FOLDER } from './charts/charts.ts';
import { COST_CHART } from './charts/cost-chart.ts';
import { EARLIER_RUNS_CHART } from './charts/earlier-runs-chart.ts';
import { commandTotals } from './command-totals.ts';
import { RunReport } from './report-step.ts';
import { type Ticket, ticketText } from './ticket.ts';

/** What a run's page is made of, as it stands now. */
export function ticketOf(run: RunRecord, directory: RunDirectory): Ticket {
  return {
    run,
    verdict: runVerdict(directory, run),
    review: readReview(directory),
    judgedAt: new Date().toISOString(),
    commands: commandTotals(directory),
    failures: failureFolders(directory),
    previous: directory.has(PREVIOUS_FILE)
      ? previousResult.safeParse(jsonOf(directory.readText(PREVIOUS_FILE))).data
      : undefined,
    previousRoutes: directory.has(PREVIOUS_ROUTES_FILE)
      ? previousRoutes.safeParse(jsonOf(directory.readText(PREVIOUS_ROUTES_FILE))).data
      : undefined,
    comparison: comparisonOf(directory),
    charts: [...CHART_FILES, COST_CHART, EARLIER_RUNS_CHART]
      .map((name) => `${CHARTS_FOLDER}/${name}`)
      .filter((name) => directory.has(name)),
  };
}

/** Writes `ticket.md`. */
export default class TicketReporter extends RunReport {
  protected override readonly title = 'ticket.md';

  protected override write(run: RunRecord, directory: RunDirectory): void {
    directory.writeText('ticket.md', ticketText(ticketOf(run, directory)));
  }
}
