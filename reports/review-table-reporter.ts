import type { RunDirectory } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { type ReviewEntry, readReview } from '../helpers/review/review-file.ts';
import { RunReport } from './report-step.ts';

/** The columns by their headings. */
const COLUMNS = {
  phase: 'phase',
  decisions: 'count',
  group: 'group',
  verdict: 'verdict',
  severity: 'severity',
  resolution: 'resolution',
  reviewer: 'reviewer',
  date: 'date',
  expires: 'expires',
  note: 'note',
  'first seen': 'firstSeen',
  'last seen': 'lastSeen',
} as const satisfies Readonly<Record<string, keyof ReviewEntry>>;

/** A cell in quotes (RFC 4180); one that a spreadsheet would compute is marked as text. */
function cell(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}

/** The reviewed groups as CSV, one a row: for the report, and for a spreadsheet. */
function reviewTable(groups: readonly ReviewEntry[]): string {
  const fields = Object.values(COLUMNS);
  const rows = groups.map((one) => fields.map((field) => String(one[field] ?? '')));
  const all = [Object.keys(COLUMNS), ...rows];
  return all.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Writes `review.csv`: the groups of decisions as a table. */
export default class ReviewTableReporter extends RunReport {
  protected override readonly title = 'review.csv';

  protected override write(_run: RunRecord, directory: RunDirectory): void {
    const review = readReview(directory);
    // Without a review there is nothing to show; its criterion says why.
    if (review.ok) directory.writeText('review.csv', reviewTable(review.groups));
  }
}
