import type { FleetSummary, HostOfFleet } from '../helpers/evidence/fleet-summary.ts';
import { oneLine } from './clean-text.ts';
import { type FleetTable, fleetBecause, fleetTables, OPEN_HOSTS, wordOf } from './fleet-tables.ts';
import { fleetTitle } from './fleet-ticket.ts';

/** Text of anybody in HTML: no markup, no attribute's end, nothing that moves what a person reads. */
const text = (value: string) =>
  oneLine(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** The page reaches nothing outside, and runs nothing but its own few lines. */
const HEAD = `<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark; --line: #bbb; --head: #eee; --fail: #fdd; --gap: #fe9 }
@media (prefers-color-scheme: dark) { :root { --line: #555; --head: #2a2a2a; --fail: #622; --gap: #540 } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5em }
h1 { font-size: 1.5em; overflow-wrap: anywhere } h2 { font-size: 1.2em; margin: 1.6em 0 .4em }
table { border-collapse: collapse } label { margin-right: 1em }
td, th { border: 1px solid var(--line); padding: .15em .6em; text-align: left; vertical-align: top; overflow-wrap: anywhere }
thead th { background: var(--head); position: sticky; top: 0 }
td:first-child, td:nth-child(2), .number { overflow-wrap: normal } .number { text-align: right }
.group th { background: var(--head) } .FAIL { background: var(--fail) } .INCONCLUSIVE { background: var(--gap) }
ul { margin: .3em 0; padding-left: 1.2em }
</style>`;

/** A host is shown where it has all the words, whatever their case. */
const SEARCH = `<script>
const at = (id) => document.getElementById(id), body = at('hosts').tBodies[0];
const all = [...body.rows].map((row) => [row, row.textContent.toLowerCase()]);
const heading = (name, rows) => {
  const row = document.createElement('tr'), cell = row.appendChild(document.createElement('th'));
  const of = (word) => rows.filter(({ className }) => className === word).length;
  row.className = 'group';
  cell.colSpan = 7;
  cell.textContent = (name || 'every criterion passed') + ': ' + rows.length + ' shown, ' + of('pass') + ' passed, ' + of('FAIL') + ' failed, ' + of('INCONCLUSIVE') + ' inconclusive';
  return row;
};
const show = () => {
  const words = at('words').value.toLowerCase().split(/\\s+/), by = Number(at('by').value);
  const shown = all.filter(([row, has]) => words.every((word) => has.includes(word)) && !(at('only').checked && row.className === 'pass')).map(([row]) => row);
  const groups = [...Map.groupBy(shown, (row) => (row.cells[by].querySelector('summary') ?? row.cells[by]).textContent)];
  body.replaceChildren(...(by === 0 ? shown : groups.flatMap(([name, rows]) => [heading(name, rows), ...rows])));
  at('shown').textContent = shown.length + ' of ' + all.length + ' hosts';
};
const differ = () => { for (const row of at('criteria').tBodies[0].rows) row.hidden = at('differ').checked && row.className === 'same'; };
at('words').oninput = at('only').onchange = at('by').onchange = show;
at('differ').onchange = differ;
show();
differ();
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

/** Columns that hosts can be grouped by. */
const GROUPS = ['class', 'kernel', 'distribution', 'verdict', 'not passed'];

/** Counts of each criterion; those that are as they should be everywhere can be left out. */
function criteria(fleet: FleetSummary): string {
  const header = ['criterion', 'title', 'fail', 'inconclusive', 'not run', 'pass'];
  const rows = fleet.criteria.map(({ id, title, fail, inconclusive, skipped, pass }) => {
    const counts = [fail, inconclusive, skipped, pass];
    const same = fail + inconclusive === 0 && (skipped === 0 || pass === 0);
    const figures = counts.map((count) => `<td class="number">${count === 0 ? '' : count}</td>`);
    const word = fail > 0 ? 'FAIL' : inconclusive > 0 ? 'INCONCLUSIVE' : 'pass';
    return `<tr class="${same ? 'same' : word}">${cells([id, title].map(text))}${figures.join('')}</tr>`;
  });
  const same = rows.filter((row) => row.startsWith('<tr class="same"')).length;
  return `<h2>Every criterion, by its hosts</h2>
<p><label><input id="differ" type="checkbox" checked> without the ${same} that passed on all hosts, or ran on none</label></p>
<table id="criteria"><thead><tr>${cells(header, 'th')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table>`;
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
<p><label>Search <input id="words" type="search" size="30" placeholder="host, kernel, criterion"></label>
<label><input id="only" type="checkbox"> only hosts that did not pass</label>
<label>Group by <select id="by"><option value="0">nothing</option>${GROUPS.map((name) => `<option value="${header.indexOf(name)}">${name}</option>`).join('')}</select></label>
<span id="shown"></span></p>
<table id="hosts"><thead><tr>${cells(header, 'th')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table>`;
}

/** The verdict over many runs as one self-contained page: every host, and every criterion. */
export function fleetPage(fleet: FleetSummary): string {
  const because = fleetBecause(fleet);
  const tables = fleetTables(fleet).filter(({ title }) => title !== OPEN_HOSTS);
  return `<!doctype html>
<html lang="en"><head>${HEAD}<title>${text(fleetTitle(fleet))}</title></head><body>
<h1>${text(fleetTitle(fleet))}</h1>
${because === undefined ? '' : `<p><b>Because:</b> ${text(because)}</p>`}
${fleet.rehearsal.length > 0 ? `<p><b>REHEARSAL.</b> This says nothing about a real agent: ${text(fleet.rehearsal.join('; '))}</p>` : ''}
${tables.map(section).join('\n')}
${hosts(fleet)}
${criteria(fleet)}
${SEARCH}
</body></html>
`;
}
