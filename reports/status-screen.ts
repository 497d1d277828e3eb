import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import type { RunVerdict } from '../helpers/evidence/verdict.ts';
import { oneLine } from './clean-text.ts';
import { paragraph } from './paragraph.ts';
import { criteriaText } from './records.ts';

const COLUMNS = 80;
const RULE = '─'.repeat(COLUMNS - 2);
const LABEL = 14;
/** More than this does not fit one screen; `summary.json` has all. */
const MOST_SHOWN = 12;

/** How a word is emphasised; the saved file has no colours at all. */
export type Paint = (verdict: 'pass' | 'fail' | 'inconclusive', text: string) => string;
const plain: Paint = (_verdict, text) => text;

/** What a run's status means for the person who asked: the first line of the screen. */
export const ANSWERS: Readonly<Record<RunVerdict['status'], string>> = {
  pass: 'PASS: every criterion that was asked for held.',
  fail: 'FAIL: do not ship.',
  inconclusive: 'INCONCLUSIVE: evidence is missing; this is not a pass.',
  'rehearsal: all checks green':
    'REHEARSAL, all checks green. This says nothing about a real agent.',
  'rehearsal: fail': 'REHEARSAL, FAIL.',
  'rehearsal: inconclusive': 'REHEARSAL, INCONCLUSIVE.',
};

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

function measured({ value, limit, unit }: CriterionRecord): string[] {
  if (value === undefined) return [];
  const of = unit === undefined ? '' : ` ${unit}`;
  const against = limit === undefined ? '' : `, limit ${limit}${of}`;
  return entry('', `measured ${value}${of}${against}`, 2);
}

/** A path is to be copied, so it stays in one piece however long it is. */
const unbroken = (label: string, text: string) => [` ${label.padEnd(LABEL)}${oneLine(text)}`];

/** A criterion that is not a pass: what, why, and by which figures. */
function openCriterion(record: CriterionRecord, paint: Paint): string[] {
  const verdict = record.verdict === 'fail' ? 'fail' : 'inconclusive';
  const label = verdict.toUpperCase();
  const [first = '', ...rest] = entry(label, `${record.title} (${record.id})`, 3);
  return [
    first.replace(label, () => paint(verdict, label)),
    ...rest,
    ...measured(record),
    ...entry('', record.explanation, 4),
  ];
}

/** What keeps the run from being a pass: each cause once, in full, then what follows from them. */
function open(verdict: RunVerdict, paint: Paint): string[] {
  const { causes, follows, missing, errors, notPassed } = verdict;
  const skipped = follows.filter((one) => one.verdict === 'skipped');
  // One criterion that is not a pass keeps many from being tried, for the same reason.
  const reasons = new Set(skipped.map(({ explanation }) => explanation));
  const more = causes.length - MOST_SHOWN;
  const lines = [
    ...errors.flatMap((error) => entry('ERROR', error, 4)),
    ...notPassed.flatMap(({ spec, name, state, message }) => [
      ...entry(state === 'failed' ? 'FAIL' : 'NOT RUN', `${name} (a test in ${spec})`, 3),
      ...entry('', message ?? '', 4),
    ]),
    ...causes.slice(0, MOST_SHOWN).flatMap((record) => openCriterion(record, paint)),
    ...(more > 0 ? entry('', `… and ${more} more in summary.json`, 1) : []),
    ...follows
      .filter((one) => one.verdict !== 'skipped')
      .flatMap(({ verdict: ended, title }) =>
        entry('follows', `${ended === 'fail' ? 'FAIL' : 'INCONCLUSIVE'}: ${title}`, 2),
      ),
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
  return lines.length === 0 ? [] : ['', ...lines, ''];
}

function counts({ rows, causes, follows, missing }: RunVerdict): string {
  const count = (verdict: CriterionRecord['verdict'], list: readonly CriterionRecord[]) =>
    list.filter((record) => record.verdict === verdict).length;
  const open = [...causes, ...follows];
  const notJudged = count('skipped', open) + missing.length;
  return `${count('pass', rows)} passed, ${count('fail', open)} failed, ${count('inconclusive', open)} inconclusive, ${notJudged} not judged`;
}

/** The final status for a terminal, a CI log and the change ticket: plain text, one screen. */
export function statusScreen(
  verdict: RunVerdict,
  run: Pick<RunRecord, 'rehearsal' | 'asked' | 'candidatePath' | 'candidateSha256' | 'hostname'>,
  path: string,
  paint: Paint = plain,
): string {
  const findings = verdict.rows.flatMap((record) => record.findings ?? []);
  const tests = verdict.tests.length;
  const passed = `${tests - verdict.notPassed.length} of ${tests}`;
  const lines = [
    RULE,
    ' AegisBPF staging canary',
    ` ${paint(tone(verdict), ANSWERS[verdict.status])}`,
    RULE,
    ...(run.rehearsal.length > 0 ? entry('rehearsal', run.rehearsal.join('; '), 4) : []),
    ...entry('phases', run.asked.join(', '), 1),
    ...unbroken('candidate', run.candidatePath),
    ...entry('SHA-256', run.candidateSha256 ?? 'unknown', 1),
    ...entry('host', run.hostname, 1),
    ...entry('criteria', counts(verdict), 2),
    ...(tests === 0 ? [] : entry('other tests', `${passed} passed, which are no criteria`, 1)),
    // Off by knob, or without a subject on this host or version: no gap, but whoever decides must know.
    ...verdict.rows
      .filter(({ notApplicable }) => notApplicable === true)
      .flatMap(({ title, explanation }) => entry('left out', `${title}: ${explanation}`, 3)),
    ...open(verdict, paint),
    ...findings.flatMap(({ title, severity, reference }) => [
      ...entry('finding', title, 3),
      ...entry('', `${severity}, ${reference ?? 'no reference'}`, 1),
    ]),
    ...verdict.unwritten.flatMap((problem) => entry('NOT WRITTEN', problem, 2)),
    ...unbroken('evidence', path),
    ...(verdict.unwritten.length > 0
      ? []
      : entry('read first', 'ticket.md: the whole run on one page', 1)),
    RULE,
  ];
  return `${lines.join('\n')}\n`;
}
