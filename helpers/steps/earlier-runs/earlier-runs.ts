import { fail, type Judgement, NotApplicable, noEvidence, pass } from '../../criteria/judgement.ts';
import {
  COMPARISON_FILE,
  type ComparedFigure,
  type Comparison,
} from '../../evidence/comparison.ts';
import { readRunRecord } from '../../evidence/run-record.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import { COMPARE_LIMIT, compareFigures, compareFindings } from './compare.ts';
import { type ReadRun, readEarlier } from './earlier-run.ts';
import { figuresOf, type RunEvidence } from './figures.ts';

function evidenceOf({ directory }: CanaryRun): RunEvidence {
  const run = readRunRecord(directory);
  if (run === undefined) throw noEvidence('this run has no record of itself');
  const text = (name: string) => (directory.has(name) ? directory.readText(name) : undefined);
  return { run, records: directory.criteria(), text };
}

const startOf = ({ told }: ReadRun) => told.startedAt ?? '';
const isAlike = ({ told }: ReadRun) => told.isCompared && told.notes.length === 0;

/** Compares this run with those of COMPARE_WITH, and writes it down. */
async function compared(run: CanaryRun, paths: readonly string[], limit: number) {
  const own = evidenceOf(run);
  const read: ReadRun[] = [];
  for (const path of paths) read.push(await readEarlier(path, own));
  const runs = read.toSorted((one, other) => (startOf(one) < startOf(other) ? -1 : 1));
  const usable = runs.flatMap((one) =>
    one.evidence === undefined ? [] : [{ ...one, evidence: one.evidence }],
  );
  const alike = usable.filter(isAlike);
  const figures = new Map(usable.map((one) => [one, figuresOf(one.evidence)] as const));
  const of = (which: readonly ReadRun[]) =>
    [...figures].flatMap(([one, all]) => (which.includes(one) ? [all] : []));
  const last = usable.at(-1);
  const comparison: Comparison = {
    runs: runs.map(({ told }) => told),
    // What differs besides the candidate counts only where no run is alike.
    figures: compareFigures(
      figuresOf(own),
      of(usable),
      of(alike.length > 0 ? alike : usable),
      limit,
    ),
    findings: last && {
      against: last.told.directory,
      ...compareFindings(own.records, last.evidence.records),
    },
  };
  run.directory.writeJson(COMPARISON_FILE, comparison);
  return { comparison, alike: alike.length };
}

const names = (figures: readonly ComparedFigure[]) =>
  figures
    .map(
      ({ name, value, against, unit }) => `${name} ${shown(value)} ${unit}, was ${shown(against)}`,
    )
    .join('; ');
const shown = (value: number | undefined) =>
  value === undefined ? 'unknown' : String(Number(value.toPrecision(4)));

/**
 * This run against earlier ones. An earlier run is another hour, and perhaps another host: what differs is told, and judged only
 * by a limit of the operator, against runs that differ in nothing but the candidate.
 * @throws NotApplicable where the operator set no limit.
 */
export async function noWorseThanEarlierRuns(run: CanaryRun): Promise<Judgement> {
  const { COMPARE_WITH: paths = [], COMPARE_MAX_RATIO: set } = run.settings;
  const { comparison, alike } = await compared(run, paths, set ?? COMPARE_LIMIT);
  const of = (verdict: ComparedFigure['verdict']) =>
    comparison.figures.filter((figure) => figure.verdict === verdict);
  const worse = of('worse');
  const told = `${worse.length} worse, ${of('better').length} better, ${of('same').length} the same${worse.length > 0 ? ` (${names(worse)})` : ''}`;
  const refused = comparison.runs.filter(({ isCompared }) => !isCompared);
  const left = refused.map(
    ({ directory, notes }) => `; not compared: ${directory}: ${notes.join('; ')}`,
  );
  if (set === undefined)
    throw new NotApplicable(
      `reported, not judged, because COMPARE_MAX_RATIO is not set: against ${counted(paths.length - refused.length, 'earlier run')} ${told}${left.join('')}`,
    );
  const measured = {
    value: worse.length,
    limit: 0,
    unit: 'figures worse',
    source: COMPARISON_FILE,
  };
  if (alike === 0)
    throw noEvidence(
      `no run of COMPARE_WITH differs in nothing but the candidate, so there is nothing to judge by: ${comparison.runs.map(({ directory, notes }) => `${directory}: ${notes.join('; ')}`).join('; ')}`,
      { source: COMPARISON_FILE },
    );
  const text = `against ${counted(alike, 'run')} that ${alike === 1 ? 'is' : 'are'} alike, limit COMPARE_MAX_RATIO=${set}: ${told}${left.join('')}`;
  if (worse.length > 0) return fail(text, measured);
  const open = [
    ...of('too noisy to tell'),
    ...of('no data').filter(({ against }) => against !== undefined),
  ];
  if (refused.length > 0 || open.length > 0)
    throw noEvidence(
      `${text}${open.length > 0 ? `; too noisy to tell: ${open.map(({ name }) => name).join(', ')}` : ''}`,
      measured,
    );
  return pass(text, measured);
}
