import { entryOf } from '../helpers/criteria/catalogue.ts';
import type { Comparison } from '../helpers/evidence/comparison.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { RunVerdict } from '../helpers/evidence/verdict.ts';
import { THRESHOLDS } from '../helpers/settings/thresholds.ts';
import { counted, inWords, withUnit } from '../helpers/text/counted.ts';
import { ownCommand } from '../helpers/text/own-command.ts';
import type { CommandTotal } from './command-totals.ts';
import { chapter, codeSpan, table, upTo } from './markdown.ts';
import { askedNames, byReason, criteriaText, limitText, notAsked, reportTitle } from './records.ts';
import { about, accepted, because, type TicketHead } from './ticket-about.ts';
import { coverageSummary } from './ticket-coverage.ts';
import { type BothVersions, previousSummary } from './ticket-previous.ts';

/** One page: what does not fit is counted, and stands in the details or in summary.json. */
const MOST_LISTED = 7;
/** Reasons why the run did not pass, failures first: who decides needs no more of them. */
const MOST_CAUSES = 5;

/** What the ticket has no room for stands in this file beside it. */
export const DETAILS_FILE = 'ticket-details.md';

/** What the ticket and its details are made of. */
export interface Ticket extends TicketHead, BothVersions {
  readonly commands: readonly CommandTotal[];
  /** Folders of the run directory for whoever debugs the agent. */
  readonly failures: readonly string[];
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

/** A figure as anybody may have written it. */
export function figure(value: number | string | undefined, unit: string | undefined): string {
  if (value === undefined) return '—';
  return codeSpan(withUnit(value, unit), 80);
}

/** Names by verdict, a line each: what did not pass first, and at last what was left out, with its reason. */
function byVerdict(
  records: readonly CriterionRecord[],
  whose: string,
  nameOf: (record: CriterionRecord) => string,
): string[] {
  const isLeftOut = ({ verdict, notApplicable }: CriterionRecord) =>
    verdict !== 'pass' && notApplicable === true;
  const judged = records.filter((record) => !isLeftOut(record));
  const lines = (['fail', 'inconclusive', 'skipped', 'pass'] as const).flatMap((verdict) => {
    const names = judged.filter((record) => record.verdict === verdict).map(nameOf);
    const word = verdict === 'pass' ? 'pass' : `**${verdict.toUpperCase()}**`;
    return names.length === 0 ? [] : [`- ${word}${whose}: ${names.join('; ')}`];
  });
  const leftOut = records
    .filter(isLeftOut)
    .map((record) => `${nameOf(record)}: ${codeSpan(record.explanation, 120)}`);
  return [...lines, ...(leftOut.length === 0 ? [] : [`- not run${whose}: ${leftOut.join('; ')}`])];
}

/** The roll-ups of the runbook, and what a team's own specs judged beside it. */
function exitCriteria(records: readonly CriterionRecord[]): string[] {
  const exit = records.filter(({ section }) => section === 'exit');
  const own = ownCriteria(records);
  const more = own.length - MOST_LISTED;
  return chapter('Exit criteria', [
    ...byVerdict(exit, '', ({ title }) => title),
    ...byVerdict(own.slice(0, MOST_LISTED), ', the team’s own', ({ section, title }) =>
      codeSpan(`${section}: ${title}`),
    ),
    ...(more > 0 ? [`- and ${more} more of the team’s own, in ${DETAILS_FILE}`] : []),
  ]);
}

/** What a team's own specs judged. */
export const ownCriteria = (records: readonly CriterionRecord[]): readonly CriterionRecord[] =>
  records.filter(({ id, at }) => entryOf(id) === undefined && at !== '');

/** What was measured, and loud where it is not within its limit. */
export function measuredText({ value, unit, verdict }: CriterionRecord): string {
  const text = figure(value, unit);
  return verdict === 'pass' ? text : `**${verdict.toUpperCase()}** ${text}`;
}

/** Gaps in enforcement and times of the drill: a limit from above, and no limit of the soak. */
const gaps = (records: readonly CriterionRecord[]) =>
  records
    .filter(
      ({ id, value, limit, unit }) =>
        entryOf(id) !== undefined &&
        entryOf(id)?.threshold === undefined &&
        typeof value === 'number' &&
        typeof limit === 'number' &&
        unit === 'ms',
    )
    .map((record) => [
      `${record.section}: ${record.title}`,
      '—',
      measuredText(record),
      figure(`≤ ${record.limit?.toLocaleString('en')}`, record.unit),
    ]);

/** Every limit of the soak once, with what each mode measured, and the gaps. */
function limits(records: readonly CriterionRecord[]): string[] {
  const rows = THRESHOLDS.map(({ name, title }) => {
    const both = records.filter(({ id }) => entryOf(id)?.threshold?.name === name);
    const inMode = (mode: string) => {
      const record = both.find(({ section }) => section === mode);
      return record === undefined ? '—' : measuredText(record);
    };
    const limit = both.map(limitText).find((text) => text !== undefined);
    return both.every(({ verdict }) => verdict === 'skipped')
      ? undefined
      : [title, inMode('audit'), inMode('enforce'), figure(limit, undefined)];
  }).filter((row) => row !== undefined);
  const all = [...rows, ...gaps(records)];
  const shown = all.length === 0 ? [] : table(['limit', 'audit', 'enforce', 'at'], all);
  const untried = THRESHOLDS.length - rows.length;
  const rest = untried === 0 ? [] : [`Not tried: ${counted(untried, 'limit')} of the soak.`];
  return chapter('Limits of the soak, and gaps in enforcement', [
    ...shown,
    ...(shown.length > 0 && rest.length > 0 ? [''] : []),
    ...rest,
  ]);
}

function listed<T>(items: readonly T[], line: (item: T) => string): string[] {
  const lines = items.map((item) => `- ${line(item)}`);
  return upTo(MOST_LISTED, lines, 'summary.json');
}

/** Criteria that are no pass for one reason: that reason once. */
function causeLine([first, ...others]: readonly CriterionRecord[]): string {
  if (first === undefined) return '';
  const { verdict, section, title, explanation } = first;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return `- **${verdict.toUpperCase()}** ${codeSpan(`${section}: ${title}`)}${more}: ${codeSpan(explanation)}`;
}

function open({ verdict, failures: bundles }: Ticket): string[] {
  const { causes, follows, missing, errors, notPassed, unwritten } = verdict;
  const skipped = follows.filter((one) => one.verdict === 'skipped').length;
  const consequences = follows.filter((one) => one.follows !== undefined);
  const why = ', because of the above';
  const unjudged = [
    ...(skipped > 0 ? [`${criteriaText(skipped)} not tried${why}`] : []),
    ...(missing.length > 0
      ? [`${criteriaText(missing.length)} never judged${errors.length > 0 ? why : ''}`]
      : []),
  ];
  return chapter('Not passed', [
    ...listed(errors, (error) => `**ERROR** outside of every criterion: ${codeSpan(error)}`),
    ...listed(
      notPassed,
      ({ spec, name, state, message }) =>
        `**${state.toUpperCase()}** ${codeSpan(`${spec}: ${name}`)}, a test that is no criterion: ${codeSpan(message ?? state)}`,
    ),
    ...upTo(MOST_CAUSES, byReason(causes).map(causeLine), 'summary.json'),
    ...(consequences.length > 0
      ? [`- follows from the above: ${codeSpan(consequences.map(({ id }) => id).join(', '))}`]
      : []),
    ...(unjudged.length > 0 ? [`- ${unjudged.join('; ')}`] : []),
    ...unwritten.map((problem) => `- report not written: ${codeSpan(problem)}`),
    ...(bundles.length > 0
      ? [
          `- for whoever debugs the agent: ${codeSpan(bundles.join(', '))}, with the kernel log, BPF programs, maps and links, the journal, the agent’s /proc and the last samples, as they were at the first failure`,
        ]
      : []),
  ]);
}

/** Findings that nobody accepted and that fail nothing: the others stand under the heading, as risks, or among what did not pass. */
function otherFindings({ rows }: RunVerdict): string[] {
  const open = rows.flatMap(({ verdict, findings = [] }) =>
    findings.filter(({ accepted }) => verdict === 'pass' && accepted === undefined),
  );
  // Both modes find the same.
  const once = [...new Map(open.map((finding) => [finding.title, finding])).values()];
  return chapter(
    'Findings that fail nothing',
    listed(
      once,
      ({ severity, title, detail }) => `**${severity}** ${codeSpan(title)}: ${codeSpan(detail)}`,
    ),
  );
}

/** @param details a link to them, as the place allows that the ticket is shown in. */
function verification({ run }: Ticket, details: string): string[] {
  return chapter('Details, and how to verify', [
    `- ${details}: each finding in full, each promise with its routes, costs, each figure against the previous version and earlier runs, the review, charts, commands of the agent. summary.json has every criterion.`,
    `- To verify, in a checkout of the canary, offline, with the run directory (it was ${codeSpan(run.runDirectory)}) and the signer’s public key: \`${ownCommand('verify', 'RUN_DIRECTORY', '--key', 'PUBLIC_KEY')}\`. Exit code 0: every file is as the run left it, and the key signed it; 1: something differs, and is named. Without a signature the check finds accidental changes, not those of somebody who can write there.`,
  ]);
}

/** The line that a document of a rehearsal begins with. */
export const rehearsalNote = ({ rehearsal }: TicketHead['run']): string[] =>
  rehearsal.length === 0
    ? []
    : [
        `> **REHEARSAL.** This says nothing about a real agent: ${codeSpan(rehearsal.join('; '))}`,
        '',
      ];

/** The final status for a change ticket or the release notes: one page of Markdown, read in a minute. */
export function ticketText(ticket: Ticket, details = `[${DETAILS_FILE}](${DETAILS_FILE})`): string {
  const { run, verdict } = ticket;
  const lines = [
    `# ${reportTitle(run)}: ${heading(verdict)}`,
    '',
    ...because(verdict),
    ...accepted(verdict),
    ...rehearsalNote(run),
    ...about(ticket),
    ...open(ticket),
    ...otherFindings(verdict),
    ...exitCriteria(verdict.rows),
    ...limits(verdict.rows),
    ...chapter('Coverage: what must hold', coverageSummary(verdict.rows, DETAILS_FILE)),
    ...previousSummary(ticket),
    ...verification(ticket, details),
  ];
  return `${lines.join('\n')}\n`;
}
