import type { FleetSummary, HostOfFleet } from '../helpers/evidence/fleet-summary.ts';
import { oneLine } from './clean-text.ts';
import { type FleetTable, fleetBecause, fleetTables, wordOf } from './fleet-tables.ts';
import { fleetTitle } from './fleet-ticket.ts';

/** Text of anybody in HTML: no markup, no attribute's end, nothing that moves what a person reads. */
const text = (value: string) =>
  oneLine(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** The page reaches nothing outside, and runs nothing but its own few lines. */
const HEAD = `<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em }
table { border-collapse: collapse }
td, th { border: 1px solid #bbb; padding: .2em .6em; text-align: left; vertical-align: top; overflow-wrap: break-word }
.FAIL { background: #fdd } .INCONCLUSIVE { background: #fed }
</style>`;

/** A row is shown where it has the words, whatever their case. */
const SEARCH = `<script>
const words = document.querySelector('#words'), only = document.querySelector('#only');
const rows = [...document.querySelectorAll('#hosts tbody tr')].map((row) => [row, row.textContent.toLowerCase()]);
const show = () => { for (const [row, has] of rows) row.hidden = !has.includes(words.value.toLowerCase()) || (only.checked && row.className === 'pass') };
words.oninput = only.onchange = show;
</script>`;

const cells = (row: readonly string[], tag = 'td') =>
  row.map((cell) => `<${tag}>${cell}</${tag}>`).join('');

function section({ title, header, rows }: FleetTable): string {
  const lines = rows.map((row) => `<tr>${cells(row.map(text))}</tr>`);
  return `<h2>${text(title)}</h2>\n<table><thead><tr>${cells(header.map(text), 'th')}</tr></thead>\n<tbody>${lines.join('\n')}</tbody></table>`;
}

/** What of a host is no pass, to be opened. */
function openOf({ open, problems }: HostOfFleet): string {
  const causes = open.filter(({ isCause }) => isCause);
  const follows = open.filter(({ isCause }) => !isCause).map(({ id }) => id);
  const lines = [
    ...causes.map(({ id, verdict, explanation }) => `${id} is ${verdict}: ${explanation}`),
    ...problems,
    ...(follows.length > 0 ? [`not a pass because of others: ${follows.join(', ')}`] : []),
  ];
  if (lines.length === 0) return '';
  const names = causes.map(({ id }) => id).join(', ') || 'no criterion';
  return `<details><summary>${text(names)}</summary><ul>${lines.map((line) => `<li>${text(line)}</li>`).join('')}</ul></details>`;
}

function hosts(fleet: FleetSummary): string {
  const header = ['host', 'verdict', 'passed', 'kernel', 'distribution', 'class', 'not passed'];
  const rows = fleet.hosts.map((host) => {
    const { name, kernel, passed, distribution = 'unknown', hostClass } = host;
    const word = wordOf(host);
    const row = [name, word, String(passed), kernel, distribution, hostClass].map(text);
    return `<tr class="${word}">${cells([...row, openOf(host)])}</tr>`;
  });
  return `<h2>Every host</h2>
<p><label>Search <input id="words" type="search"></label> <label><input id="only" type="checkbox"> only hosts that did not pass</label></p>
<table id="hosts"><thead><tr>${cells(header, 'th')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table>`;
}

/** The verdict over many runs as one self-contained page: every host, and every criterion. */
export function fleetPage(fleet: FleetSummary): string {
  const because = fleetBecause(fleet);
  const criteria = fleet.criteria.map(({ id, title, ...count }) => [
    ...[id, title],
    ...[count.fail, count.inconclusive, count.skipped, count.pass].map(String),
  ]);
  return `<!doctype html>
<html lang="en"><head>${HEAD}<title>${text(fleetTitle(fleet))}</title></head><body>
<h1>${text(fleetTitle(fleet))}</h1>
${because === undefined ? '' : `<p><b>Because:</b> ${text(because)}</p>`}
${fleet.rehearsal.length > 0 ? `<p><b>REHEARSAL.</b> This says nothing about a real agent: ${text(fleet.rehearsal.join('; '))}</p>` : ''}
${fleetTables(fleet).map(section).join('\n')}
${hosts(fleet)}
${section({ title: 'Every criterion, by its hosts', header: ['criterion', 'title', 'fail', 'inconclusive', 'not run', 'pass'], rows: criteria })}
${SEARCH}
</body></html>
`;
}
