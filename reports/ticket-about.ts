import { entryOf } from '../helpers/criteria/catalogue.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import type { RunVerdict } from '../helpers/evidence/verdict.ts';
import type { ReviewEntry } from '../helpers/review/review-file.ts';
import { counted } from '../helpers/text/counted.ts';
import { codeSpan, table } from './markdown.ts';
import { acceptedRisks, askedNames, notAsked } from './records.ts';

/** What stands under the heading is made of this. */
export interface TicketHead {
  readonly run: RunRecord;
  readonly verdict: RunVerdict;
  /** The reviewed groups, or in words why there are none to be read. */
  readonly review:
    | { readonly ok: true; readonly groups: readonly ReviewEntry[] }
    | { readonly ok: false; readonly reason: string };
  readonly judgedAt: string;
}

/** The first cause in one sentence; the others stand below. */
export function because({ causes, errors }: RunVerdict): string[] {
  const [cause] = causes;
  const text = errors[0] ?? (cause && `${cause.section}: ${cause.title}: ${cause.explanation}`);
  return text === undefined ? [] : [`**Because:** ${codeSpan(text)}`, ''];
}

/** Findings that somebody accepted: whoever decides takes them over. */
export function accepted(verdict: RunVerdict): string[] {
  const risks = acceptedRisks(verdict).map(
    ({ severity, title, accepted: { until, by, reason } }) =>
      `- **Accepted risk** (${severity}) until ${until}: ${codeSpan(title)}, by ${codeSpan(by, 80)}: ${codeSpan(reason, 160)}`,
  );
  return risks.length === 0 ? [] : [...risks, ''];
}

/** How long and how hard the soaks were: what a pass of them is worth. */
function soaks({ run, verdict }: Pick<TicketHead, 'run' | 'verdict'>): [string, string][] {
  const { DURATION_SECONDS: seconds, SOAK_RATE: rate } = run.settings;
  return verdict.rows.flatMap(({ id, section, value }): [string, string][] => {
    if (entryOf(id)?.threshold?.name !== 'total-decisions' || typeof value !== 'number') return [];
    // Its words are those of the workload: attempts, workers, the rate that was reached, and how long an open took.
    const soak = verdict.rows.find((row) => row.id === `${section}.soak`);
    return [
      [
        `Soak, ${section}`,
        `${seconds} s at ${rate} attempts a second asked: ${value.toLocaleString('en')} decisions${soak === undefined ? '' : `; ${soak.explanation}`}`,
      ],
    ];
  });
}

/** The profile or the person that this host was compared by, and when. */
function mirrored(verdict: RunVerdict, attested: string | undefined): string | undefined {
  const mirrors = verdict.rows.find(({ id }) => id === 'preconditions.mirrors-production');
  if (attested !== undefined) return `word of ${attested}`;
  return mirrors && `${mirrors.verdict}: ${mirrors.explanation}; ${mirrors.source ?? 'no profile'}`;
}

/** What changed against the last run, in one sentence. */
const changed = ({ rows }: RunVerdict): string | undefined =>
  rows.find(({ id }) => id === 'exit.earlier-runs')?.explanation;

/** How many findings there are, each counted once. */
function findingsText(verdict: RunVerdict): string {
  const titles = new Set(
    verdict.rows.flatMap(({ findings = [] }) => findings.map(({ title }) => title)),
  );
  const taken = acceptedRisks(verdict).length;
  return titles.size === 0 ? 'none' : `${titles.size - taken} open, ${taken} accepted`;
}

/** What is left to judge for a person. */
function reviewText({ review }: TicketHead): string {
  if (!review.ok) return `not readable or not there: ${review.reason}`;
  if (review.groups.length === 0) return "the canary's own workload caused every decision";
  const byVerdict = Map.groupBy(review.groups, ({ verdict }) => verdict);
  const parts = [...byVerdict].map(([verdict, groups]) => `${groups.length} ${verdict}`);
  return `${counted(review.groups.length, 'group')} of decisions by others: ${parts.join(', ')}`;
}

const suiteText = (suite: RunRecord['suite']) =>
  suite && `aegisbpf-canary ${suite.version}, Node ${suite.node}, sources ${suite.sha256}`;

/** The configuration file, and what was typed beside it: the two together are the knobs of this run. */
function configurationText({ configuration, settings, setBy = {} }: RunRecord): string | undefined {
  const typed = Object.values(setBy).filter((by) => by === 'environment').length;
  const told = (what: string, profile: unknown) =>
    `${what}${typeof profile === 'string' ? `, profile ${profile}` : ''}; ${counted(typed, 'knob')} by the environment (run.json)`;
  if (configuration !== undefined)
    return told(`${configuration.sha256} ${configuration.path}`, configuration.profile);
  // A profile that only code has.
  const { PROFILE: profile } = settings;
  return typeof profile === 'string' ? told('defineCanary', profile) : undefined;
}

/** What production gives to every agent, by the knob that says it, as this run gave it. */
function ofProduction(
  knob: 'AGENT_OPTIONS' | 'AGENT_ENVIRONMENT',
  { settings }: RunRecord,
): string | undefined {
  const given = settings[knob];
  return Array.isArray(given) ? `${given.join(' ')} (${knob})` : undefined;
}

export function about(head: TicketHead): string[] {
  const { run, verdict, judgedAt } = head;
  const text = (name: string) => {
    const value = run.settings[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const others = notAsked(run.asked);
  const rows: [string, string | undefined][] = [
    ['Change ticket', text('CHANGE_TICKET')],
    [
      'Candidate',
      `${run.candidatePath}, version ${run.candidateVersion ?? 'unknown'} (reported by the binary)`,
    ],
    ['SHA-256', run.candidateSha256 ?? 'unknown'],
    ['Options of production', ofProduction('AGENT_OPTIONS', run)],
    ['Variables of production', ofProduction('AGENT_ENVIRONMENT', run)],
    ...(run.bpfObjects ?? []).map(({ path, sha256 }): [string, string] => [
      'BPF object',
      `${sha256} ${path}`,
    ]),
    ['Host', `${run.hostname}, kernel ${run.kernel.value ?? 'unknown'}`],
    ['Mirrors production', mirrored(verdict, text('ATTEST_PRODUCTION_MATCH'))],
    ['Phases', askedNames(run.asked).join(', ')],
    ['Not run', others.length === 0 ? undefined : others.join(', ')],
    ...soaks({ run, verdict }),
    ['Findings', findingsText(verdict)],
    ['Review', reviewText(head)],
    ['Against earlier runs', changed(verdict)],
    ...(run.parts ?? []).map((part): [string, string] => [
      `Run of ${part.asked.join(', ')}`,
      `${part.startedAt}, ${part.hostname}, kernel ${part.kernel}, ${part.runDirectory}`,
    ]),
    ['Judged by', suiteText(run.suite)],
    ['Configuration', configurationText(run)],
    ...(run.ownSpecs ?? []).map(({ path, sha256 }): [string, string] => [
      'Own spec',
      `${sha256} ${path}`,
    ]),
    ...(run.ownWorkloads ?? []).map(({ name, path, sha256 }): [string, string] => [
      `Own workload ${name}`,
      `${sha256} ${path}`,
    ]),
    ...(run.suite === undefined ? (run.parts ?? []) : []).map(
      ({ asked, suite }): [string, string | undefined] => [
        `${asked.join(', ')} judged by`,
        suiteText(suite),
      ],
    ),
    ['Judged again by', suiteText(run.judgedAgainBy)],
    ['Started, judged', `${run.startedAt}, ${judgedAt}`],
  ];
  return table(
    ['what', ''],
    rows.flatMap(([what, value]) => (value === undefined ? [] : [[what, codeSpan(value)]])),
  );
}
