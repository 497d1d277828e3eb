import {
  type FleetSummary,
  type HostOfFleet,
  hostLabel,
  type OpenCriterion,
} from '../helpers/evidence/fleet-summary.ts';
import { counted } from '../helpers/text/counted.ts';
import { askedNames } from './records.ts';

/** A part of the verdict over many hosts, in plain text: the ticket shows its first rows, and the page all of them. */
export interface FleetTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The page has these hosts in its table of every host. */
export const OPEN_HOSTS = 'Hosts that did not pass';

/** What no header can be wider than. */
const MOST_CLASSES = 5;
/** Of a host, in one cell. */
const MOST_CAUSES = 4;

const isOpen = ({ status }: HostOfFleet) => /(fail|inconclusive)$/.test(status);
const number = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 4 });

/** The verdict on a host in one word; a rehearsal's is told on top. */
export const wordOf = ({ status }: HostOfFleet): 'FAIL' | 'INCONCLUSIVE' | 'pass' =>
  status.endsWith('fail') ? 'FAIL' : status.endsWith('inconclusive') ? 'INCONCLUSIVE' : 'pass';

/** The counts of hosts, in words. */
export function hostsInWords({ hosts, missingHosts }: FleetSummary): string {
  const count = (word: string) => hosts.filter((host) => wordOf(host) === word).length;
  return [
    counted(hosts.length, 'host'),
    `${count('pass')} passed`,
    `${count('FAIL')} failed`,
    `${count('INCONCLUSIVE')} inconclusive`,
    ...(missingHosts.length > 0 ? [`${missingHosts.length} without a run`] : []),
  ].join(', ');
}

/** Hosts of the same class, the largest class first. */
const byClass = (hosts: readonly HostOfFleet[]) =>
  [...Map.groupBy(hosts, ({ hostClass }) => hostClass)].sort(([, a], [, b]) => b.length - a.length);

/** On which kernels and distributions, or labels, that verdict rests. */
function classesInWords({ hosts }: FleetSummary): string {
  const all = byClass(hosts);
  const more = all.length - MOST_CLASSES;
  const first = all.slice(0, MOST_CLASSES).map(([name, of]) => `${name}: ${of.length}`);
  return `${first.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/** What is missing, in one line each. */
const gaps = ({ missingHosts, refusedRuns }: FleetSummary) => [
  ...missingHosts.map((host): [string, string] => [host, 'no run of this host is here']),
  ...refusedRuns.map(({ directory, why }): [string, string] => [directory, why]),
];

const causesOf = ({ open }: HostOfFleet) => open.filter(({ isCause }) => isCause);

/** The first reason why it is no pass, in one line; undefined for a pass. A failure stands before a gap. */
export function fleetBecause(fleet: FleetSummary): string | undefined {
  const [host] = fleet.hosts.filter(isOpen);
  const [gap] = gaps(fleet);
  if (gap !== undefined && !host?.status.endsWith('fail')) return `${gap[0]}: ${gap[1]}`;
  if (host === undefined) return undefined;
  const [cause] = causesOf(host);
  if (cause === undefined) return `${hostLabel(host)}: ${host.problems[0] ?? host.status}`;
  const others = fleet.hosts.filter(
    (one) => one !== host && one.open.some(({ id }) => id === cause.id),
  ).length;
  const same = others > 0 ? `, and on ${counted(others, 'other host')}` : '';
  return `${cause.id} is ${cause.verdict} on ${hostLabel(host)}${same}: ${cause.explanation}`;
}

function about(fleet: FleetSummary): FleetTable {
  const { candidate, bpfObjects, review } = fleet;
  return {
    title: 'What was judged',
    header: ['what', ''],
    rows: [
      ['Candidate', candidate.path],
      ['Version (reported by the binary)', candidate.version ?? 'not told'],
      ['SHA-256', candidate.sha256],
      ...bpfObjects.map((hash) => ['BPF object', hash]),
      ['Hosts', hostsInWords(fleet)],
      ...(fleet.hosts.length > 0 ? [['Hosts of each class', classesInWords(fleet)]] : []),
      ['Phases of every host', askedNames(fleet.asked).join(', ')],
      ...(review.groups > 0
        ? [
            [
              'Review',
              `${counted(review.groups, 'group')} of decisions open on hosts; not judged in review.yaml: ${review.open}`,
            ],
          ]
        : []),
      ['Judged', fleet.judgedAt],
    ],
  };
}

/** What failed on a host in few words. */
function reasons(host: HostOfFleet): string {
  const all = [...causesOf(host).map(({ id }) => id), ...host.problems];
  const more = all.length - MOST_CAUSES;
  return `${all.slice(0, MOST_CAUSES).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** Criteria that are a cause somewhere, by the hosts on which they are, in each class of hosts. */
function worst({ hosts }: FleetSummary): FleetTable {
  const on = new Map<string, { host: HostOfFleet; verdict: OpenCriterion['verdict'] }[]>();
  for (const host of hosts)
    for (const { id, verdict } of causesOf(host))
      on.set(id, [...(on.get(id) ?? []), { host, verdict }]);
  const failed = (all: readonly { verdict: string }[]) =>
    all.filter(({ verdict }) => verdict === 'fail').length;
  const cell = (all: readonly { verdict: string }[], of: readonly HostOfFleet[]) => {
    if (all.length === 0) return '';
    const gap = all.length - failed(all);
    const parts = [[failed(all), 'FAIL'] as const, [gap, 'INCONCLUSIVE'] as const];
    const told = parts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : []));
    return `${told.join(', ')} of ${of.length}`;
  };
  const classes = byClass(hosts).slice(0, MOST_CLASSES);
  const rows = [...on]
    .sort(([, a], [, b]) => failed(b) - failed(a) || b.length - a.length)
    .map(([id, all]) => [
      id,
      cell(all, hosts),
      ...classes.map(([name, of]) =>
        cell(
          all.filter(({ host }) => host.hostClass === name),
          of,
        ),
      ),
    ]);
  return {
    title: `Worst criteria, by host class${classes.length === MOST_CLASSES ? ` (the ${MOST_CLASSES} of the most hosts)` : ''}`,
    header: ['criterion', 'all hosts', ...classes.map(([name]) => name)],
    rows,
  };
}

/** Every part of the verdict that both the ticket and the page show; parts without rows are left out. */
export function fleetTables(fleet: FleetSummary): readonly FleetTable[] {
  const all: FleetTable[] = [
    about(fleet),
    {
      title: 'Evidence that is missing',
      header: ['host or directory', 'why'],
      rows: gaps(fleet),
    },
    {
      title: OPEN_HOSTS,
      header: ['host', 'verdict', 'class', 'because of'],
      rows: fleet.hosts
        .filter(isOpen)
        .map((host) => [hostLabel(host), wordOf(host), host.hostClass, reasons(host)]),
    },
    worst(fleet),
    {
      title: 'What was not tried',
      header: ['what'],
      rows: (fleet.notTried ?? []).map((line) => [line]),
    },
    {
      title: 'Hosts that stand out from their class (reported, not judged)',
      header: ['host', 'figure', 'value', 'median of the class', '', 'class'],
      rows: fleet.outliers.map((one) => [
        ...[one.host, one.figure, `${number(one.value)} ${one.unit}`, number(one.median)],
        ...[one.score > 0 ? 'worse' : 'better', one.hostClass],
      ]),
    },
    { title: 'Notes', header: ['note'], rows: fleet.notes.map((note) => [note]) },
  ];
  return all.filter(({ rows }) => rows.length > 0);
}
