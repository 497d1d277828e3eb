import { basename } from 'node:path';
import {
  COMPARISON_FILE,
  type ComparedFigure,
  type Comparison,
  type EarlierRun,
} from '../helpers/evidence/comparison.ts';
import { codeSpan, table } from './markdown.ts';

/** One page: what does not fit is counted, and stands in the file. */
const MOST_NAMED = 7;

const number = (value: number | undefined) =>
  value === undefined ? '—' : value.toLocaleString('en', { maximumSignificantDigits: 4 });

function runLine({
  directory,
  startedAt,
  status,
  isCompared,
  notes,
  ...run
}: EarlierRun): string[] {
  const version = run.candidateVersion ?? 'not told';
  const sha256 = run.candidateSha256?.slice(0, 12) ?? 'unknown';
  return [
    codeSpan(basename(directory)),
    startedAt === undefined ? '—' : codeSpan(startedAt),
    startedAt === undefined ? '—' : codeSpan(`${version}, ${sha256}…`),
    status ?? '—',
    isCompared ? 'yes' : '**NO**',
    notes.length === 0 ? 'nothing but the candidate' : codeSpan(notes.join('; ')),
  ];
}

const figureLine = ({ name, unit, verdict, value, against, ratio }: ComparedFigure) => [
  `${name}, ${unit}`,
  verdict === 'worse' ? '**WORSE**' : verdict,
  number(value),
  number(against),
  number(ratio),
];

function named(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : '';
  return [`- ${what}: ${codeSpan(names.slice(0, MOST_NAMED).join('; '))}${more}`];
}

function figures({ figures: all }: Comparison): string[] {
  const of = (...verdicts: readonly ComparedFigure['verdict'][]) =>
    all.filter(({ verdict }) => verdicts.includes(verdict));
  const other = of('worse', 'better').toSorted((one, two) => (one.verdict < two.verdict ? 1 : -1));
  const names = (verdict: ComparedFigure['verdict']) => of(verdict).map(({ name }) => name);
  return [
    ...(other.length === 0
      ? []
      : table(['figure', 'this run is', 'this run', 'earlier', 'ratio'], other.map(figureLine))),
    '',
    ...named(`the same, to ${number(all[0]?.limit)} times`, names('same')),
    ...named('too noisy to tell', names('too noisy to tell')),
    ...named('no data', names('no data')),
  ];
}

function findings({ findings: all }: Comparison): string[] {
  if (all === undefined) return [];
  const none = all.new.length + all.fixed.length + all.same.length + all.unknown.length === 0;
  return [
    '',
    `Findings against ${codeSpan(basename(all.against))}${none ? ': none in either.' : ':'}`,
    '',
    ...named('**new**', all.new),
    ...named('fixed', all.fixed),
    ...named('the same', all.same),
    ...named('not judged in one of the two', all.unknown),
  ];
}

/** The ticket's section on the runs that COMPARE_WITH named. */
export function earlierRuns(comparison: Comparison): string[] {
  const heads = ['run', 'started', 'candidate', 'its status', 'compared', 'what differs'];
  return [
    ...table(heads, comparison.runs.map(runLine)),
    '',
    ...figures(comparison),
    ...findings(comparison),
    '',
    `Figures are compared with the middle one of the earlier runs that differ in nothing but the candidate, or of all where there is none. All of them are in ${COMPARISON_FILE}.`,
  ];
}
