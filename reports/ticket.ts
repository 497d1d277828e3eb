import {
  type AgainstPrevious,
  PREVIOUS_FILE,
  PREVIOUS_ROUTES_FILE,
  type PreviousResult,
  type PreviousRoutes,
} from '../helpers/cost/result.ts';
import { entryOf } from '../helpers/criteria/catalogue.ts';
import { UNTRIED_PROMISES } from '../helpers/criteria/untried-promises.ts';
import type { Comparison } from '../helpers/evidence/comparison.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { RunVerdict } from '../helpers/evidence/verdict.ts';
import type { ReviewEntry } from '../helpers/review/review-file.ts';
import { THRESHOLDS } from '../helpers/settings/thresholds.ts';
import { inWords, withUnit } from '../helpers/text/counted.ts';
import { ownCommand } from '../helpers/text/own-command.ts';
import type { CommandTotal } from './command-totals.ts';
import { earlierRuns } from './earlier-runs.ts';
import { codeSpan, table } from './markdown.ts';
import { askedNames, criteriaText, limitText, notAsked, reportTitle } from './records.ts';
import { about, accepted, because, type TicketHead } from './ticket-about.ts';

/** One page: what does not fit is counted, and stands in summary.json. */
const MOST_LISTED = 7;
/** A version with a hole has dozens of routes through it. */
const MOST_ROUTES = 20;
/** Rows of times and costs. */
const MOST_FIGURES = 12;
/** An interval from one end to so many times that tells nothing. */
const WIDEST = 10_000;

/** What the ticket is made of. */
export interface Ticket extends TicketHead {
  /** The reviewed groups, or in words why there are none to be read. */
  readonly review:
    | { readonly ok: true; readonly groups: readonly ReviewEntry[] }
    | { readonly ok: false; readonly reason: string };
  readonly commands: readonly CommandTotal[];
  /** Folders of the run directory for whoever debugs the agent. */
  readonly failures: readonly string[];
  /** Candidate and previous version, where both were measured. */
  readonly previous?: PreviousResult | undefined;
  /** Their routes, where both took them. */
  readonly previousRoutes?: PreviousRoutes | undefined;
  /** This run and earlier ones, where COMPARE_WITH named some. */
  readonly comparison?: Comparison | undefined;
  /** Paths of the charts, relative to the page; none where they cannot be shown. */
  readonly charts: readonly string[];
}

/** What the page's title says of a verdict. */
const HEADINGS: Readonly<Record<RunVerdict['status'], string>> = {
  pass: 'PASS',
  fail: 'FAIL: do not ship',
  inconclusive: 'INCONCLUSIVE: not a pass, evidence is missing',
  'rehearsal: all checks green': 'no verdict, this was a rehearsal (all checks green)',
  'rehearsal: fail': 'no verdict, this was a rehearsal (it failed)',
  'rehearsal: inconclusive': 'no verdict, this was a rehearsal (it is inconclusive)',
};

/** The title's answer; a pass of some phases says which. */
export function heading({ status, asked }: Pick<RunVerdict, 'status' | 'asked'>): string {
  const partial = status === 'pass' && notAsked(asked).length > 0;
  return partial
    ? `PASS of ${inWords(askedNames(asked))} alone, not of the release`
    : HEADINGS[status];
}

function figure(value: number | string | undefined, unit: string | undefined): string {
  if (value === undefined) return '—';
  return codeSpan(withUnit(value, unit), 80);
}

function exitCriteria(records: readonly CriterionRecord[]): string[] {
  const rows = records
    .filter(({ section }) => section === 'exit')
    .map(({ title, verdict, notApplicable, explanation }) => [
      title,
      verdict === 'pass'
        ? 'pass'
        : notApplicable === true
          ? `not run: ${codeSpan(explanation, 120)}`
          : `**${verdict.toUpperCase()}**`,
    ]);
  return chapter('Exit criteria', table(['criterion', 'verdict'], rows));
}

/** What a team's own specs judged beside the runbook. */
function ownCriteria(records: readonly CriterionRecord[]): string[] {
  const own = records.filter(({ id, at }) => entryOf(id) === undefined && at !== '');
  const rows = own
    .slice(0, MOST_LISTED)
    .map(({ section, title, verdict, value, limit, unit }) => [
      codeSpan(`${section}: ${title}`),
      verdict === 'pass' ? 'pass' : `**${verdict.toUpperCase()}**`,
      figure(value, unit),
      figure(limit, unit),
    ]);
  if (rows.length === 0) return [];
  const more = own.length - rows.length;
  return chapter('Criteria of the team’s own', [
    ...table(['criterion', 'verdict', 'measured', 'limit'], rows),
    ...(more > 0 ? ['', `And ${more} more, in summary.json.`] : []),
  ]);
}

/** Every limit of the soak once, with what each mode measured. */
function limits(records: readonly CriterionRecord[]): string[] {
  const of = (name: string) => records.filter(({ id }) => entryOf(id)?.threshold?.name === name);
  const cell = (record: CriterionRecord | undefined) => {
    if (record === undefined) return '—';
    const text = figure(record.value, record.unit);
    return record.verdict === 'pass' ? text : `**${record.verdict.toUpperCase()}** ${text}`;
  };
  const rows = THRESHOLDS.map(({ name, title }) => {
    const both = of(name);
    const inMode = (mode: string) => cell(both.find(({ section }) => section === mode));
    const limit = both.map(limitText).find((text) => text !== undefined);
    return [title, inMode('audit'), inMode('enforce'), figure(limit, undefined)];
  });
  return chapter('Limits of the soak', table(['limit', 'audit', 'enforce', 'at'], rows));
}

/** What is measured in these has a limit from above: times, and what the host pays against doing without. */
const LIMITED_UNITS = ['ms', 'with/without'];

/** Gaps of restarts, times of the drill and costs, each with its limit. */
function figures(records: readonly CriterionRecord[]): string[] {
  const all = records.filter(
    ({ id, value, limit, unit }) =>
      entryOf(id) !== undefined &&
      entryOf(id)?.threshold === undefined &&
      typeof value === 'number' &&
      typeof limit === 'number' &&
      LIMITED_UNITS.includes(unit ?? ''),
  );
  if (all.length === 0) return [];
  const rows = all
    .slice(0, MOST_FIGURES)
    .map(({ section, title, verdict, value, limit, unit }) => [
      `${section}: ${title}`,
      `${verdict === 'pass' ? '' : `**${verdict.toUpperCase()}** `}${figure(value, unit)}`,
      figure(`≤ ${limit?.toLocaleString('en')}`, unit),
    ]);
  const more = all.length - rows.length;
  return chapter('Times and costs', [
    ...table(['figure', 'measured', 'at'], rows),
    ...(more > 0 ? ['', `And ${more} more, in summary.json.`] : []),
  ]);
}

/** What is promised, with the routes that were taken to it in each mode and what came of them. */
function coverage(records: readonly CriterionRecord[]): string[] {
  const tried = records.flatMap((record) => {
    const promise = entryOf(record.id)?.promise;
    const counted = record.value !== undefined || record.findings !== undefined;
    return promise === undefined || !counted ? [] : [{ record, ...promise }];
  });
  const cell = (group: string, mode: string) => {
    const record = tried.find((one) => one.group === group && one.mode === mode)?.record;
    if (record === undefined) return '—';
    const [finding] = record.findings ?? [];
    return finding === undefined
      ? `${record.verdict}: ${record.value} of ${record.limit} routes`
      : `${finding.accepted === undefined ? record.verdict : 'accepted'}: finding (${finding.severity}) ${finding.title}`;
  };
  const rows = tried
    .filter(({ mode }) => mode === 'enforce')
    .map(({ group, text }) => [text, cell(group, 'audit'), cell(group, 'enforce')]);
  if (rows.length === 0) return [];
  const host = records.flatMap(({ id, title, verdict, value, limit, unit }) => {
    const isTried = entryOf(id)?.knob === 'DISPOSABLE_HOST' && unit === 'attempts';
    const both = `${verdict}: ${value} of ${limit} attempts in both modes`;
    return isTried ? [[title, both, both]] : [];
  });
  return chapter('Coverage: what must hold, and on how many routes it did', [
    ...table(
      ['what must hold (in audit: passes and is recorded)', 'audit', 'enforce'],
      [...rows, ...host],
    ),
    '',
    'Each route, who took it and its verdict: coverage/audit/table.json and coverage/enforce/table.json.',
    ...Object.entries(UNTRIED_PROMISES).map(([what, why]) => `Not run: ${what}: ${why}.`),
  ]);
}

/** Of each metric the figure that is worse, else the first: it is the one that was promised. */
function headlines(metrics: readonly AgainstPrevious[]): readonly AgainstPrevious[] {
  return [...Map.groupBy(metrics, ({ metric }) => metric).values()].flatMap(
    (figures) => figures.find(({ verdict }) => verdict === 'worse') ?? figures[0] ?? [],
  );
}

/** What was measured of both versions. */
function figuresOf({ metrics }: PreviousResult): string[] {
  const number = (value: number | undefined) =>
    value === undefined ? '—' : value.toLocaleString('en', { maximumSignificantDigits: 4 });
  const ratio = ({ ratio: middle, low, high }: AgainstPrevious) =>
    low === undefined || high === undefined
      ? number(middle)
      : `${number(middle)} (${high / low > WIDEST ? 'no interval' : `${number(low)} to ${number(high)}`})`;
  const rows = headlines(metrics).map((line) => [
    `${line.metric}, ${line.figure}`,
    line.verdict === 'worse' ? '**WORSE**' : line.verdict,
    number(line.candidate),
    number(line.previous),
    line.detail === undefined ? ratio(line) : codeSpan(line.detail),
    number(line.limit),
  ]);
  return [
    ...table(['what', 'the candidate is', 'candidate', 'previous', 'ratio', 'limit'], rows),
    '',
    `Times in µs, the command’s in ms; the middle of all blocks. All figures are in ${PREVIOUS_FILE}.`,
    '',
  ];
}

/** Routes on which one of the versions has a finding: new ones first. */
function routesOf({ findings }: PreviousRoutes): string[] {
  if (findings.length === 0)
    return ['No route has a finding with the candidate, or had one with the previous version.', ''];
  const order = ['new', 'no data', 'same', 'fixed'] as const;
  const shown = order.flatMap((change) => findings.filter((one) => one.change === change));
  const rows = shown
    .slice(0, MOST_ROUTES)
    .map(({ change, route, candidate, previous }) => [
      codeSpan(route),
      change === 'new' ? '**NEW**' : change,
      codeSpan(candidate),
      codeSpan(previous),
    ]);
  return [
    ...table(['route', 'finding', 'candidate', 'previous'], rows),
    '',
    `${findings.length} routes with a finding; all are in ${PREVIOUS_ROUTES_FILE}.`,
    '',
  ];
}

/** The candidate against the version that production runs. */
function againstPrevious({ previous, previousRoutes: routes }: Ticket): string[] {
  const about = previous ?? routes;
  if (about === undefined) return [];
  return chapter(`Against version ${codeSpan(about.version)}`, [
    ...(previous === undefined ? [] : figuresOf(previous)),
    ...(routes === undefined ? [] : routesOf(routes)),
    `The previous version: ${codeSpan(about.path)}, SHA-256 ${codeSpan(about.sha256)}.`,
  ]);
}

function listed<T>(items: readonly T[], line: (item: T) => string): string[] {
  const more = items.length - MOST_LISTED;
  return [
    ...items.slice(0, MOST_LISTED).map((item) => `- ${line(item)}`),
    ...(more > 0 ? [`- and ${more} more, in summary.json`] : []),
  ];
}

function open({ verdict, failures: bundles }: Ticket): string[] {
  const { causes, follows, missing, errors, notPassed, unwritten } = verdict;
  const skipped = follows.filter((one) => one.verdict === 'skipped').length;
  const consequences = follows.filter((one) => one.follows !== undefined);
  return chapter('Not passed', [
    ...listed(errors, (error) => `**ERROR** outside of every criterion: ${codeSpan(error)}`),
    ...listed(
      notPassed,
      ({ spec, name, state, message }) =>
        `**${state.toUpperCase()}** ${codeSpan(`${spec}: ${name}`)}, a test that is no criterion: ${codeSpan(message ?? state)}`,
    ),
    ...listed(
      causes,
      ({ verdict: ended, section, title, explanation }) =>
        `**${ended.toUpperCase()}** ${codeSpan(`${section}: ${title}`)}: ${codeSpan(explanation)}`,
    ),
    ...(consequences.length > 0
      ? [`- follows from the above: ${codeSpan(consequences.map(({ id }) => id).join(', '))}`]
      : []),
    ...(skipped > 0 ? [`- not tried, because of the above: ${criteriaText(skipped)}`] : []),
    ...(missing.length > 0
      ? [
          `- never judged${errors.length > 0 ? ', because of the above' : ''}: ${criteriaText(missing.length)}`,
        ]
      : []),
    ...unwritten.map((problem) => `- report not written: ${codeSpan(problem)}`),
    ...(bundles.length > 0
      ? [
          `- for whoever debugs the agent: ${codeSpan(bundles.join(', '))}, with the kernel log, BPF programs, maps and links, the journal, the agent’s /proc and the last samples, as they were at the first failure`,
        ]
      : []),
  ]);
}

function findings({ verdict }: Ticket): string[] {
  const all = verdict.rows.flatMap((record) => record.findings ?? []);
  // Both modes find the same.
  const groups = [...Map.groupBy(all, ({ title }) => title).values()];
  const lines = listed(groups, ([first, ...others]) => {
    if (first === undefined) return '';
    const { severity, title, detail, accepted } = first;
    return [
      `**${severity}** ${codeSpan(title)}: ${codeSpan(detail)}${others.length > 0 ? ` (found by ${criteriaText(others.length + 1)})` : ''}`,
      ...(accepted === undefined
        ? []
        : [
            `**accepted** until ${accepted.until} by ${codeSpan(accepted.by)}: ${codeSpan(accepted.reason)}`,
          ]),
    ].join('; ');
  });
  return chapter('Findings', lines.length > 0 ? lines : ['None.']);
}

/** A page is short: what still needs somebody comes before what is settled. */
function openFirst(groups: readonly ReviewEntry[]): readonly ReviewEntry[] {
  const rank = { pending: 0, 'false-positive': 1, legitimate: 2 };
  return [...groups].sort((a, b) => rank[a.verdict] - rank[b.verdict]);
}

function reviewed({ review }: Ticket): string[] {
  if (!review.ok)
    return chapter('Review', [`Not readable or not there: ${codeSpan(review.reason)}`]);
  if (review.groups.length === 0)
    return chapter('Review', ["The canary's own workload caused every decision."]);
  return chapter(
    'Review',
    listed(
      openFirst(review.groups),
      ({ group, phase, verdict, severity, reviewer, note, count }) =>
        `${phase}: ${count.toLocaleString('en')} × ${codeSpan(group, 120)} **${verdict}** (${severity}), reviewer ${codeSpan(reviewer ?? 'nobody yet', 80)}${(note ?? '') === '' ? '' : `: ${codeSpan(note ?? '', 160)}`}`,
    ),
  );
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
  return chapter('Commands of the agent', [
    ...table(['section', 'commands', 'seconds, added up', 'the slowest'], rows),
    '',
    'commands.ndjson has a line for each, with its criterion, exit code and time.',
  ]);
}

/** A heading with what stands below it; nothing at all when nothing does. */
export function chapter(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `## ${heading}`, '', ...lines];
}

function verification({ run }: Ticket): string[] {
  return chapter('How to verify', [
    `In a checkout of the canary, offline, with the run directory and the signer’s public key: \`${ownCommand('verify', 'RUN_DIRECTORY', '--key', 'PUBLIC_KEY')}\``,
    `The run directory was ${codeSpan(run.runDirectory)}. Exit code 0: every file is as the run left it, and the key signed it; 1: something differs, and is named. Without a signature the check finds accidental changes, not those of somebody who can write there.`,
  ]);
}

/** The final status for a change ticket or the release notes: one page of Markdown. */
export function ticketText(ticket: Ticket): string {
  const { run, verdict, charts } = ticket;
  const lines = [
    `# ${reportTitle(run)}: ${heading(verdict)}`,
    '',
    ...because(verdict),
    ...accepted(verdict),
    ...(run.rehearsal.length > 0
      ? [
          `> **REHEARSAL.** This says nothing about a real agent: ${codeSpan(run.rehearsal.join('; '))}`,
          '',
        ]
      : []),
    ...about(ticket),
    ...open(ticket),
    ...findings(ticket),
    ...exitCriteria(verdict.rows),
    ...ownCriteria(verdict.rows),
    ...limits(verdict.rows),
    ...figures(verdict.rows),
    ...coverage(verdict.rows),
    ...againstPrevious(ticket),
    ...chapter(
      'Against earlier runs',
      ticket.comparison === undefined ? [] : earlierRuns(ticket.comparison),
    ),
    ...reviewed(ticket),
    ...chapter(
      'Charts',
      charts.map((path) => `![${path}](${path})`),
    ),
    ...commands(ticket),
    ...verification(ticket),
  ];
  return `${lines.join('\n')}\n`;
}
