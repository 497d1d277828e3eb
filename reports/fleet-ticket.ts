import type { FleetSummary } from '../helpers/evidence/fleet-summary.ts';
import { counted } from '../helpers/text/counted.ts';
import { ownCommand } from '../helpers/text/own-command.ts';
import { fleetBecause, fleetTables } from './fleet-tables.ts';
import { chapter, codeSpan, table } from './markdown.ts';
import { reportTitle } from './records.ts';
import { heading } from './ticket.ts';

/** One page: what does not fit is counted, and stands in the page and in summary.json. */
const MOST_ROWS = 15;

/** Words without anything that Markdown knows: a table of these alone is easier to read than one of code. */
const PLAIN = /^[A-Za-z0-9 ,()-]{1,60}$/;
const cellOf = (text: string) => (PLAIN.test(text) ? text : codeSpan(text));

/** The title of every document over many hosts. */
export const fleetTitle = (fleet: FleetSummary): string =>
  `${reportTitle(fleet)}, ${counted(fleet.hosts.length, 'host')}: ${heading(fleet)}`;

/** The verdict over many runs for a change ticket: one page of Markdown. */
export function fleetTicket(fleet: FleetSummary): string {
  const because = fleetBecause(fleet);
  const runs = fleet.hosts.reduce((sum, host) => sum + host.runs.length, 0);
  const lines = [
    `# ${fleetTitle(fleet)}`,
    ...(because === undefined ? [] : ['', `**Because:** ${codeSpan(because, 600)}`]),
    ...(fleet.rehearsal.length > 0
      ? [
          '',
          `> **REHEARSAL.** This says nothing about a real agent: ${codeSpan(fleet.rehearsal.join('; '))}`,
        ]
      : []),
    ...fleetTables(fleet).flatMap(({ title, header, rows }) => {
      const more = rows.length - MOST_ROWS;
      const cells = rows.slice(0, MOST_ROWS).map((row) => row.map(cellOf));
      return chapter(title, [
        ...table(
          header.map((name) => (name === '' ? '' : cellOf(name))),
          cells,
        ),
        ...(more > 0 ? ['', `And ${more} more, in fleet.html and summary.json.`] : []),
      ]);
    }),
    ...chapter('How to verify', [
      `\`${ownCommand('verify', 'DIRECTORY', '--key', 'PUBLIC_KEY')}\` checks this directory, whose attestation names the seal of ${counted(runs, 'run')}; the same command checks each of them. fleet.html has every host and criterion.`,
    ]),
  ];
  return `${lines.join('\n')}\n`;
}
