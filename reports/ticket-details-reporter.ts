import type { RunDirectory } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { RunReport } from './report-step.ts';
import { DETAILS_FILE } from './ticket.ts';
import { detailsText } from './ticket-details.ts';
import { ticketOf } from './ticket-reporter.ts';

/** Writes `ticket-details.md`, beside the ticket. */
export default class TicketDetailsReporter extends RunReport {
  protected override readonly title = DETAILS_FILE;

  protected override write(run: RunRecord, directory: RunDirectory): void {
    directory.writeText(DETAILS_FILE, detailsText(ticketOf(run, directory)));
  }
}
