import {
  type FleetSummary,
  type HostOfFleet,
  hostLabel,
} from '../helpers/evidence/fleet-summary.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { JudgedFleet } from '../helpers/fleet/fleet.ts';
import { asciiXml, xmlText } from './clean-text.ts';
import { type JunitReport, suiteXml } from './junit-xml.ts';
import { reportTitle } from './records.ts';

/** What a pass says; the words of each would be most of the document. */
const IN_THE_RUN = 'the run of this host says what was measured';
const NO_ROWS = { rows: [], tests: [], outside: [], attachments: () => [] };

function suite(fleet: FleetSummary, name: string, properties: JunitReport['properties']) {
  const { candidate, rehearsal, judgedAt } = fleet;
  return {
    ...NO_ROWS,
    ...{ title: reportTitle(fleet), rehearsal: rehearsal.length > 0, hostname: name },
    timestamp: judgedAt,
    properties: { candidateSha256: candidate.sha256, ...properties },
  };
}

/** The records of a host as its test cases; the text of a pass stands in the host's own run. */
function rowsOf(
  host: HostOfFleet,
  verdicts: JudgedFleet['verdicts'][number],
  titles: ReadonlyMap<string, FleetSummary['criteria'][number]>,
): CriterionRecord[] {
  const open = new Map(host.open.map((one) => [one.id, one]));
  return [...titles.values()].flatMap(({ id, section, title }) => {
    const verdict = verdicts.get(id);
    if (verdict === undefined) return [];
    const row = { id, section, title, at: '', durationMs: 0, verdict, explanation: IN_THE_RUN };
    return [{ ...row, ...open.get(id) }];
  });
}

const startOf = ({ runs }: HostOfFleet) => runs.at(-1)?.startedAt ?? '';

/** What each suite is made of. */
function* reports({ summary, verdicts }: JudgedFleet): Generator<[name: string, JunitReport]> {
  const titles = new Map(summary.criteria.map((one) => [one.id, one]));
  for (const [at, host] of summary.hosts.entries()) {
    const { kernel, distribution = 'unknown', hostClass } = host;
    const base = suite(summary, host.name, { kernel, distribution, hostClass });
    const rows = rowsOf(host, verdicts[at] ?? new Map(), titles);
    const outside = host.problems;
    yield [hostLabel(host), { ...base, rows, outside, timestamp: startOf(host) }];
  }
  for (const name of summary.missingHosts) {
    const outside = [`no run of ${name} is here: its evidence is missing`];
    yield [name, { ...suite(summary, name, {}), outside }];
  }
  for (const { directory, why } of summary.refusedRuns) {
    const outside = [`${directory} is no evidence: ${why}`];
    yield [directory, { ...suite(summary, directory, {}), outside }];
  }
}

/**
 * `junit.xml` of many hosts, piece by piece, as all of it would take much memory: suite = host. On the root `tests` counts
 * what was judged, as in a run's.
 */
export function* fleetJunit(fleet: JudgedFleet): Generator<string> {
  const sum = { tests: 0, failures: 0, errors: 0 };
  for (const [, { rows, outside }] of reports(fleet)) {
    const of = (verdict: string) => rows.filter((row) => row.verdict === verdict).length;
    sum.tests += rows.length + outside.length - of('skipped');
    sum.failures += of('fail');
    sum.errors += of('inconclusive') + outside.length;
  }
  const name = asciiXml(xmlText(reportTitle(fleet.summary)));
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield `<testsuites name="${name}" tests="${sum.tests}" failures="${sum.failures}" errors="${sum.errors}">\n`;
  for (const [host, report] of reports(fleet)) yield `${suiteXml(report, host)}\n`;
  yield '</testsuites>\n';
}
