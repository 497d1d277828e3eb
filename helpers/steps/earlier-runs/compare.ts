import type { ComparedFigure, Comparison } from '../../evidence/comparison.ts';
import type { CriterionRecord } from '../../evidence/run-directory.ts';
import type { RunFigure } from './figures.ts';

/** Two runs are two hours of a host, or two hosts: what is less than this apart, either way, is the same. */
export const COMPARE_LIMIT = 1.25;

type Figures = ReadonlyMap<string, RunFigure>;

/** The middle one. */
function middleOf(figures: readonly RunFigure[]): RunFigure | undefined {
  const sorted = figures.toSorted((one, other) => one.value - other.value);
  return sorted[Math.floor(sorted.length / 2)];
}

/** How much worse the one is than the other, above 1 for worse, whichever way the figure is better. */
function verdictOf(one: RunFigure, other: RunFigure, limit: number): ComparedFigure['verdict'] {
  const log = ({ value, floor }: RunFigure) => Math.log(Math.max(value, floor));
  const worse = one.better === 'less' ? log(one) - log(other) : log(other) - log(one);
  const half = Math.hypot(one.half ?? 0, other.half ?? 0);
  const most = Math.log(limit);
  if (worse - half > most) return 'worse';
  if (worse + half < -most) return 'better';
  return Math.abs(worse) + half <= most ? 'same' : 'too noisy to tell';
}

/**
 * Each figure of this run and of earlier ones.
 * @param all those of each run that is compared; every one is told.
 * @param references those that this run is held against.
 */
export function compareFigures(
  own: Figures,
  all: readonly Figures[],
  references: readonly Figures[],
  limit: number,
): ComparedFigure[] {
  const names = new Set([own, ...all].flatMap((figures) => [...figures.keys()]));
  return [...names].flatMap((name) => {
    const here = own.get(name);
    const there = all.map((figures) => figures.get(name));
    const what = here ?? there.find((figure) => figure !== undefined);
    if (what === undefined) return [];
    const other = middleOf(references.flatMap((figures) => figures.get(name) ?? []));
    const { unit, better } = what;
    return {
      ...{ name, unit, better, limit },
      ...(here === undefined ? {} : { value: here.value }),
      earlier: there.map((figure) => figure?.value ?? null),
      ...(other === undefined ? {} : { against: other.value }),
      ...(here === undefined || !other?.value ? {} : { ratio: here.value / other.value }),
      verdict:
        here === undefined || other === undefined ? 'no data' : verdictOf(here, other, limit),
    };
  });
}

type Records = ReadonlyMap<string, CriterionRecord>;
type Findings = NonNullable<Comparison['findings']>;

/** What a criterion found: a deviation by its title, else that it failed. An exit criterion sums up others. */
function found({ id, section, verdict, findings = [] }: CriterionRecord): string[] {
  if (section === 'exit') return [];
  if (findings.length > 0) return findings.map(({ title }) => `${id}: ${title}`);
  return verdict === 'fail' ? [id] : [];
}

const isJudged = (record: CriterionRecord | undefined) =>
  record?.verdict === 'pass' || record?.verdict === 'fail';

/** What is found in one run and not in the other. @returns in that other one not, or not judged there. */
function only(from: Records, to: Records): { told: string[]; unknown: string[] } {
  const there = new Set([...to.values()].flatMap(found));
  const more = [...from.values()].flatMap((record) =>
    found(record)
      .filter((one) => !there.has(one))
      .map((one) => ({ one, isTold: isJudged(to.get(record.id)) })),
  );
  const of = (isTold: boolean) => more.filter((one) => one.isTold === isTold).map(({ one }) => one);
  return { told: of(true), unknown: of(false) };
}

/** Findings of this run and of an earlier one; what was not judged is neither new nor fixed. */
export function compareFindings(own: Records, other: Records): Omit<Findings, 'against'> {
  const [added, gone] = [only(own, other), only(other, own)];
  const there = new Set([...other.values()].flatMap(found));
  return {
    new: added.told,
    fixed: gone.told,
    same: [...own.values()].flatMap(found).filter((one) => there.has(one)),
    unknown: [...added.unknown, ...gone.unknown],
  };
}
