import { join } from 'node:path';
import { inScope } from '../helpers/criteria/scope.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import type { RunVerdict } from '../helpers/evidence/verdict.ts';
import { counted, inWords, withUnit } from '../helpers/text/counted.ts';
import { ownCommand } from '../helpers/text/own-command.ts';
import { oneLine } from './clean-text.ts';
import { paragraph } from './paragraph.ts';
import {
  acceptedRisks,
  askedNames,
  byReason,
  criteriaText,
  limitText,
  notAsked,
} from './records.ts';

const COLUMNS = 80;
const RULE = '─'.repeat(COLUMNS - 2);
const LABEL = 14;
/** More than this does not fit one screen; `summary.json` has all. */
const MOST_SHOWN = 6;
/** Lines that causes may take together: with sections and ending a failed run has at most 90. */
const MOST_CAUSE_LINES = 36;

/** How a word is emphasised; the saved file has no colours at all. */
export type Paint = (verdict: 'pass' | 'fail' | 'inconclusive', text: string) => string;
const plain: Paint = (_verdict, text) => text;

/** What a run's status means for the person who asked. */
const ANSWERS: Readonly<Record<RunVerdict['status'], string>> = {
  pass: 'PASS: every criterion held.',
  fail: 'FAIL: do not ship.',
  inconclusive: 'INCONCLUSIVE: evidence is missing; this is not a pass.',
  'rehearsal: all checks green':
    'REHEARSAL, all checks green. This says nothing about a real agent.',
  'rehearsal: fail': 'REHEARSAL, FAIL.',
  'rehearsal: inconclusive': 'REHEARSAL, INCONCLUSIVE.',
};

/** The answer in one line; a pass of some phases says which. */
export function answer({ status, asked }: Pick<RunVerdict, 'status' | 'asked'>): string {
  const partial = status === 'pass' && notAsked(asked).length > 0;
  return partial
    ? `PASS of ${inWords(askedNames(asked))} alone, not of the release.`
    : ANSWERS[status];
}

function tone({ green, status }: RunVerdict): 'pass' | 'fail' | 'inconclusive' {
  if (green) return 'pass';
  return status.endsWith('fail') ? 'fail' : 'inconclusive';
}

/** A label and its text, continued below the text. */
function entry(label: string, text: string, most: number): string[] {
  return paragraph(text, COLUMNS - LABEL - 2, most).map(
    (line, index) => ` ${(index === 0 ? label : '').padEnd(LABEL)}${line}`,
  );
}

function measured(record: CriterionRecord): string[] {
  const { value, unit } = record;
  if (value === undefined) return [];
  const limit = limitText(record);
  // A word is no measure, and what must hold is no limit of it.
  const [found, required] =
    typeof value === 'string' ? ['found', 'required'] : ['measured', 'limit'];
  return entry(
    '',
    `${found} ${withUnit(value, unit)}${limit === undefined ? '' : `, ${required} ${limit}`}`,
    2,
  );
}

/** A path is to be copied, so it stays in one piece however long it is. */
const unbroken = (label: string, text: string) => [` ${label.padEnd(LABEL)}${oneLine(text)}`];

/** Criteria that are not a pass for one reason: what, why, and of a single one by which figures. */
function openCriteria([first, ...others]: readonly CriterionRecord[], paint: Paint): string[] {
  if (first === undefined) return [];
  const verdict = first.verdict === 'fail' ? 'fail' : 'inconclusive';
  const label = verdict.toUpperCase();
  const names =
    others.length === 0
      ? `${first.title} (${first.id})`
      : [first, ...others].map(({ id }) => id).join(', ');
  const [line = '', ...rest] = entry(label, names, 3);
  return [
    line.replace(label, () => paint(verdict, label)),
    ...rest,
    ...(others.length === 0 ? measured(first) : []),
    ...entry('', first.explanation, 4),
  ];
}

/** Causes in full while they fit, and how many criteria of the rest. */
function causesShown(causes: RunVerdict['causes'], paint: Paint) {
  const shown: string[] = [];
  let more = 0;
  for (const records of byReason(causes)) {
    const lines = openCriteria(records, paint);
    if (more === 0 && shown.length + lines.length <= MOST_CAUSE_LINES) shown.push(...lines);
    else more += records.length;
  }
  return { shown, more };
}

const byVerdict = (records: readonly CriterionRecord[]) =>
  Map.groupBy(records, ({ verdict }) => verdict.toUpperCase());

/** What only follows from the causes: how many of each, as a dead agent has dozens, and roll-ups by their ids. */
function consequences(follows: RunVerdict['follows']): string[] {
  const judged = follows.filter(({ verdict }) => verdict !== 'skipped');
  const ofCauses = Map.groupBy(judged, ({ follows: cause }) => cause);
  const rollUps = ofCauses.get(undefined) ?? [];
  ofCauses.delete(undefined);
  return [
    ...[...ofCauses].flatMap(([cause, records]) =>
      [...byVerdict(records)].flatMap(([verdict, of]) =>
        entry('follows', `${of.length} ${verdict} from ${cause}, each in canary.log`, 2),
      ),
    ),
    ...[...byVerdict(rollUps)].flatMap(([verdict, of]) =>
      entry('follows', `${verdict}: ${of.map(({ id }) => id).join(', ')}`, 4),
    ),
  ];
}

/** What keeps the run from being a pass: each cause once, in full, then what follows from them. */
function open(verdict: RunVerdict, paint: Paint): string[] {
  const { causes, follows, missing, errors, notPassed } = verdict;
  const skipped = follows.filter((one) => one.verdict === 'skipped');
  // One criterion that is not a pass keeps many from being tried, for the same reason.
  const reasons = new Set(skipped.map(({ explanation }) => explanation));
  const { shown, more } = causesShown(causes, paint);
  const lines = [
    ...errors.flatMap((error) => entry('ERROR', error, 4)),
    ...notPassed.flatMap(({ spec, name, state, message }) => [
      ...entry(state === 'failed' ? 'FAIL' : 'NOT RUN', `${name} (a test in ${spec})`, 3),
      ...entry('', message ?? '', 4),
    ]),
    ...shown,
    ...(more > 0 ? entry('', `… and ${more} more in summary.json`, 1) : []),
    ...consequences(follows),
    ...(skipped.length > 0
      ? entry('NOT TRIED', `${criteriaText(skipped.length)}: ${[...reasons].join('; ')}`, 3)
      : []),
    ...(missing.length > 0
      ? entry(
          'NOT JUDGED',
          `${missing.length}${errors.length > 0 ? ', because of the error' : ''}: ${missing.join(', ')}`,
          4,
        )
      : []),
  ];
  return lines.length === 0 ? [] : [...lines, ''];
}

function counts({ rows, causes, follows, missing }: RunVerdict): string {
  const count = (verdict: CriterionRecord['verdict'], list: readonly CriterionRecord[]) =>
    list.filter((record) => record.verdict === verdict).length;
  const open = [...causes, ...follows];
  const notJudged = count('skipped', open) + missing.length;
  return `${count('pass', rows)} passed, ${count('fail', open)} failed, ${count('inconclusive', open)} inconclusive, ${notJudged} not judged`;
}

/** The first cause in one sentence, and how many more there are. */
function because({ causes, errors, notPassed, unwritten }: RunVerdict): string[] {
  const [first] = [
    ...errors,
    ...notPassed.map(({ name, state }) => `${name}: ${state}`),
    ...causes.map(({ id, explanation }) => `${id}: ${explanation}`),
    ...unwritten,
  ];
  if (first === undefined) return [];
  const reasons = byReason(causes).length;
  const more = errors.length + notPassed.length + reasons + unwritten.length - 1;
  const others = more === 0 ? [] : entry('', `and ${counted(more, 'other cause')}, above`, 1);
  return [...entry('because', first, 3), ...others];
}

/** The one command that comes next, to be copied whole. */
function next({ green, causes }: RunVerdict, path: string): string {
  // As a consequence it is open for want of notes, and there is nothing to review.
  const pending = causes.some(({ id }) => id === 'exit.false-positives');
  if (pending && causes.every(({ verdict }) => verdict !== 'fail'))
    return ownCommand('review', path);
  return green ? ownCommand('verify', path) : `less ${join(path, 'ticket.md')}`;
}

/** What was left out by knob, or has no subject on this host or version: no gap, but whoever decides must know. */
function leftOut(verdict: RunVerdict): string[] {
  const rows = verdict.rows.filter(
    ({ id, notApplicable }) => notApplicable === true && inScope(id, verdict.asked),
  );
  if (rows.length === 0) return [];
  // Under a failure nobody looks for these first.
  if (!verdict.green)
    return entry(
      'not run',
      `${criteriaText(rows.length)}; summary.json has each with its reason`,
      2,
    );
  const reasons = Map.groupBy(rows, ({ explanation }) => explanation);
  const beginnings = Map.groupBy(reasons, ([reason]) => reason.split(': ', 1)[0]);
  return [...beginnings].flatMap(([beginning, of]) => {
    // So many have figures of their own behind a common beginning.
    const told: [string, readonly CriterionRecord[]][] =
      of.length > MOST_SHOWN
        ? [[`${beginning}; summary.json has each`, of.flatMap(([, records]) => records)]]
        : of;
    return told.flatMap(([reason, records]) =>
      entry('not run', `${namesText(records)}: ${reason}`, 3),
    );
  });
}

/** A few by id; of many the number, and the first. */
function namesText(records: readonly CriterionRecord[]): string {
  const ids = records.map(({ id }) => id);
  return ids.length <= 2 ? ids.join(', ') : `${criteriaText(ids.length)} (${ids[0]}, …)`;
}

/** The final status for a terminal, a CI log and the change ticket: plain text, one screen, the answer last. */
export function statusScreen(
  verdict: RunVerdict,
  run: Pick<RunRecord, 'rehearsal' | 'asked' | 'candidatePath' | 'candidateSha256' | 'hostname'>,
  path: string,
  paint: Paint = plain,
): string {
  const tests = verdict.tests.length;
  const passed = `${tests - verdict.notPassed.length} of ${tests}`;
  const others = notAsked(run.asked);
  const lines = [
    ...open(verdict, paint),
    ...leftOut(verdict),
    ...verdict.unwritten.flatMap((problem) => entry('NOT WRITTEN', problem, 2)),
    RULE,
    ' AegisBPF staging canary',
    ` ${paint(tone(verdict), answer(verdict))}`,
    RULE,
    ...because(verdict),
    ...acceptedRisks(verdict).flatMap(({ title, severity, accepted: { until, by } }) =>
      entry('accepted', `${title} (${severity}), until ${until} by ${by}`, 3),
    ),
    ...(run.rehearsal.length > 0 ? entry('rehearsal', run.rehearsal.join('; '), 4) : []),
    ...entry('phases', askedNames(run.asked).join(', '), 1),
    ...(others.length > 0 ? entry('not run', others.join(', '), 1) : []),
    ...unbroken('candidate', run.candidatePath),
    ...entry('SHA-256', run.candidateSha256 ?? 'unknown', 1),
    ...entry('host', run.hostname, 1),
    ...entry('criteria', counts(verdict), 2),
    ...(tests === 0 ? [] : entry('other tests', `${passed} passed, which are no criteria`, 1)),
    ...unbroken('evidence', path),
    ...(verdict.unwritten.length > 0
      ? []
      : entry('read first', 'ticket.md: the whole run on one page', 1)),
    ...unbroken('next', next(verdict, path)),
    RULE,
  ];
  return `${lines.join('\n')}\n`;
}
