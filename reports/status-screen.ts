import type { FinalStatus } from '../helpers/criteria/final-status.ts';
import { OUTSIDE } from '../helpers/evidence/report-problems.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../helpers/evidence/run-record.ts';
import { oneLine } from './clean-text.ts';
import { paragraph } from './paragraph.ts';

const COLUMNS = 80;
const RULE = '─'.repeat(COLUMNS - 2);
const LABEL = 14;
/** More than this does not fit one screen; `summary.json` has all. */
const MOST_SHOWN = 12;

/** How a word is emphasised; the saved file has no colours at all. */
export type Paint = (verdict: 'pass' | 'fail' | 'inconclusive', text: string) => string;
const plain: Paint = (_verdict, text) => text;

/** What a run's status means for the person who asked. */
function answer(status: FinalStatus): string {
  switch (status.status) {
    case 'pass':
      return 'PASS: every criterion that was asked for held.';
    case 'rehearsal: all checks green':
      return 'REHEARSAL, all checks green. This says nothing about a real agent.';
    case 'fail':
      return 'FAIL: do not ship.';
    case 'inconclusive':
      return 'INCONCLUSIVE: evidence is missing; this is not a pass.';
    case 'rehearsal: fail':
      return 'REHEARSAL, FAIL.';
    case 'rehearsal: inconclusive':
      return 'REHEARSAL, INCONCLUSIVE.';
  }
}

function tone(status: FinalStatus): 'pass' | 'fail' | 'inconclusive' {
  if (status.green) return 'pass';
  return status.status.endsWith('fail') ? 'fail' : 'inconclusive';
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
function notPassed(record: CriterionRecord, paint: Paint): string[] {
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

/** Exit criteria that only sum up others: their causes stand on their own. */
export const ROLL_UPS: readonly string[] = [
  'preconditions',
  'audit',
  'enforce',
  'thresholds',
  'rollback',
].map((name) => `exit.${name}`);

/** One criterion that is not a pass keeps many from being tried, for the same reason. */
const reasons = (skipped: readonly CriterionRecord[]) =>
  [...new Set(skipped.map(({ explanation }) => explanation))].join('; ');

function openCriteria(status: FinalStatus, paint: Paint): string[] {
  const judged = status.open.filter(({ verdict }) => verdict !== 'skipped');
  const skipped = status.open.filter(({ verdict }) => verdict === 'skipped');
  const rollUps = judged.filter(({ id }) => ROLL_UPS.includes(id));
  const causes = judged.filter((record) => !rollUps.includes(record));
  // Alone, as when a finished run is judged again, a roll-up is all there is to show.
  const shown = causes.length + skipped.length > 0 ? causes : rollUps;
  const followed = shown === rollUps ? [] : rollUps;
  const more = shown.length - MOST_SHOWN;
  const rest = followed.length + skipped.length + status.missing.length;
  if (shown.length + rest === 0) return [];
  return [
    '',
    ...shown.slice(0, MOST_SHOWN).flatMap((record) => notPassed(record, paint)),
    ...(more > 0 ? entry('', `… and ${more} more in summary.json`, 1) : []),
    ...followed.flatMap((record) =>
      entry(
        'follows',
        `${record.verdict === 'fail' ? 'FAIL' : 'INCONCLUSIVE'}: ${record.title}`,
        2,
      ),
    ),
    ...(skipped.length > 0
      ? entry('NOT TRIED', `${skipped.length} criteria: ${reasons(skipped)}`, 3)
      : []),
    ...(status.missing.length > 0
      ? entry('NOT JUDGED', `${status.missing.length}: ${status.missing.join(', ')}`, 4)
      : []),
    '',
  ];
}

/** Off by knob, or without a subject on this host or version: no gap, but whoever decides must know. */
function notApplicable(records: readonly CriterionRecord[]): string[] {
  return records
    .filter((record) => record.notApplicable === true)
    .flatMap((record) => entry('left out', `${record.title}: ${record.explanation}`, 3));
}

function counts(status: FinalStatus, records: readonly CriterionRecord[]): string {
  const count = (verdict: CriterionRecord['verdict'], list: readonly CriterionRecord[]) =>
    list.filter((record) => record.verdict === verdict).length;
  const notJudged = count('skipped', status.open) + status.missing.length;
  return `${count('pass', records)} passed, ${count('fail', status.open)} failed, ${count('inconclusive', status.open)} inconclusive, ${notJudged} not judged`;
}

/** The final status for a terminal, a CI log and the change ticket: plain text, one screen. */
export function statusScreen(
  status: FinalStatus,
  run: Pick<RunRecord, 'rehearsal' | 'asked' | 'candidatePath' | 'candidateSha256' | 'hostname'>,
  records: readonly CriterionRecord[],
  path: string,
  paint: Paint = plain,
): string {
  const findings = records.flatMap((record) => record.findings ?? []);
  const lines = [
    RULE,
    ' AegisBPF staging canary',
    ` ${paint(tone(status), answer(status))}`,
    RULE,
    ...(run.rehearsal.length > 0 ? entry('rehearsal', run.rehearsal.join('; '), 4) : []),
    ...entry('asked for', run.asked.join(', '), 1),
    ...unbroken('candidate', run.candidatePath),
    ...entry('SHA-256', run.candidateSha256 ?? 'unknown', 1),
    ...entry('host', run.hostname, 1),
    ...entry('criteria', counts(status, records), 2),
    ...notApplicable(records),
    ...openCriteria(status, paint),
    ...findings.flatMap(({ title, severity, reference }) => [
      ...entry('finding', title, 3),
      ...entry('', `${severity}, ${reference ?? 'no reference'}`, 1),
    ]),
    ...status.unwritten.flatMap((problem) =>
      entry(problem.startsWith(OUTSIDE) ? 'ERROR' : 'NOT WRITTEN', problem, 2),
    ),
    ...unbroken('evidence', path),
    ...(status.unwritten.length > 0
      ? []
      : entry('read first', 'ticket.md: the whole run on one page', 1)),
    RULE,
  ];
  return `${lines.join('\n')}\n`;
}
