import type { RunDirectory } from '../helpers/evidence/run-directory.ts';
import type { ReviewEntry } from '../helpers/review/review-file.ts';
import { readReview } from '../helpers/review/review-file.ts';
import type { RunRecord } from './records.ts';
import { RunReport } from './report-step.ts';

const COLUMNS = [
  'phase',
  'decisions',
  'group',
  'verdict',
  'severity',
  'resolution',
  'reviewer',
  'date',
  'expires',
  'note',
  'first seen',
  'last seen',
];

/** A cell in quotes (RFC 4180); one that a spreadsheet would compute is marked as text. */
function cell(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}

/** The reviewed groups as CSV, one a row: for the report, and for a spreadsheet. */
function reviewTable(groups: readonly ReviewEntry[]): string {
  const rows = groups.map((one) => [
    one.phase,
    String(one.count),
    one.group,
    one.verdict,
    one.severity,
    one.resolution ?? '',
    one.reviewer ?? '',
    one.date ?? '',
    one.expires ?? '',
    one.note ?? '',
    one.firstSeen,
    one.lastSeen,
  ]);
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
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
