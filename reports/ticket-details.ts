import { entryOf } from '../helpers/criteria/catalogue.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { ReviewEntry } from '../helpers/review/review-file.ts';
import { earlierRuns } from './earlier-runs.ts';
import { chapter, codeSpan, table, upTo } from './markdown.ts';
import { criteriaText, reportTitle } from './records.ts';
import {
  figure,
  heading,
  measuredText,
  ownCriteria,
  rehearsalNote,
  type Ticket,
} from './ticket.ts';
import { coverageTable } from './ticket-coverage.ts';
import { previousTables } from './ticket-previous.ts';

/** A host can have thousands of groups; the file of each list has all. */
const MOST_LISTED = 200;

/** What a team's own specs judged beside the runbook. */
function own(records: readonly CriterionRecord[]): string[] {
  const rows = ownCriteria(records).map(({ section, title, verdict, value, limit, unit }) => [
    codeSpan(`${section}: ${title}`),
    verdict === 'pass' ? 'pass' : `**${verdict.toUpperCase()}**`,
    figure(value, unit),
    figure(limit, unit),
  ]);
  return rows.length === 0 ? [] : table(['criterion', 'verdict', 'measured', 'limit'], rows);
}

/** What the host pays against doing without the agent, with the limit of each. */
function costs(records: readonly CriterionRecord[]): string[] {
  const rows = records
    .filter(
      ({ id, limit, unit }) =>
        entryOf(id) !== undefined && typeof limit === 'number' && unit === 'with/without',
    )
    .map((record) => [
      record.title,
      measuredText(record),
      figure(`≤ ${record.limit?.toLocaleString('en')}`, record.unit),
    ]);
  return rows.length === 0 ? [] : table(['figure', 'measured', 'at'], rows);
}

/** Each finding in full, with who accepted it. */
function findings({ verdict }: Ticket): string[] {
  const all = verdict.rows.flatMap((record) => record.findings ?? []);
  // Both modes find the same.
  const lines = [...Map.groupBy(all, ({ title }) => title).values()].map(([first, ...others]) => {
    if (first === undefined) return '';
    const { severity, title, detail, accepted } = first;
    return [
      `- **${severity}** ${codeSpan(title)}: ${codeSpan(detail)}${others.length > 0 ? ` (found by ${criteriaText(others.length + 1)})` : ''}`,
      ...(accepted === undefined
        ? []
        : [
            `**accepted** until ${accepted.until} by ${codeSpan(accepted.by)}: ${codeSpan(accepted.reason)}`,
          ]),
    ].join('; ');
  });
  return lines.length > 0 ? upTo(MOST_LISTED, lines, 'summary.json') : ['None.'];
}

/** What still needs somebody comes before what is settled. */
function openFirst(groups: readonly ReviewEntry[]): readonly ReviewEntry[] {
  const rank = { pending: 0, 'false-positive': 1, legitimate: 2 };
  return [...groups].sort((a, b) => rank[a.verdict] - rank[b.verdict]);
}

function reviewed({ review }: Ticket): string[] {
  if (!review.ok) return [`Not readable or not there: ${codeSpan(review.reason)}`];
  if (review.groups.length === 0) return ["The canary's own workload caused every decision."];
  const lines = openFirst(review.groups).map(
    ({ group, phase, verdict, severity, reviewer, note, count }) =>
      `- ${phase}: ${count.toLocaleString('en')} × ${codeSpan(group, 120)} **${verdict}** (${severity}), reviewer ${codeSpan(reviewer ?? 'nobody yet', 80)}${(note ?? '') === '' ? '' : `: ${codeSpan(note ?? '', 160)}`}`,
  );
  return upTo(MOST_LISTED, lines, 'review.yaml');
}

/** Each command loads the whole BPF object: on a slow host they take most of what is no soak. */
function commands({ commands: totals }: Ticket): string[] {
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  const rows = totals.map(({ section, commands: count, ms, slowest }) => [
    section,
    count.toLocaleString('en'),
    seconds(ms),
    `${codeSpan(slowest.words, 60)}: ${seconds(slowest.ms)} s`,
  ]);
  if (rows.length === 0) return [];
  return [
    ...table(['section', 'commands', 'seconds, added up', 'the slowest'], rows),
    '',
    'commands.ndjson has a line for each, with its criterion, exit code and time.',
  ];
}

/** What the ticket has no room for, in tables and charts. */
export function detailsText(ticket: Ticket): string {
  const { run, verdict, charts, comparison } = ticket;
  const lines = [
    `# ${reportTitle(run)}: ${heading(verdict)}: details`,
    '',
    ...rehearsalNote(run),
    `The run in short: ticket.md. Candidate, SHA-256: ${codeSpan(run.candidateSha256 ?? 'unknown')}.`,
    ...chapter('Findings', findings(ticket)),
    ...chapter('Criteria of the team’s own', own(verdict.rows)),
    ...chapter('Costs', costs(verdict.rows)),
    ...chapter(
      'Coverage: what must hold, and on how many routes it did',
      coverageTable(verdict.rows),
    ),
    ...previousTables(ticket),
    ...chapter('Against earlier runs', comparison === undefined ? [] : earlierRuns(comparison)),
    ...chapter('Review', reviewed(ticket)),
    ...chapter(
      'Charts',
      charts.map((path) => `![${path}](${path})`),
    ),
    ...chapter('Commands of the agent', commands(ticket)),
  ];
  return `${lines.join('\n')}\n`;
}
