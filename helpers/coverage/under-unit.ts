import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import type { JudgedLine } from './judge-lines.ts';
import { lostBySort } from './lost-fields.ts';
import { KINDS, lineText } from './table.ts';

const SHOWN = 4;

/** Routes of a running program of the survival list that are denied under the limits, and were free without them. */
export const strandedUnder = (
  limited: readonly JudgedLine[],
  free: readonly JudgedLine[],
): readonly JudgedLine[] =>
  worseThan(free, limited).filter(
    ({ taken: { line } }) => line.group === 'survival' && line.expected !== 'denied',
  );

/** Of routes that were as they must be, those that are no longer. */
function worseThan(
  free: readonly JudgedLine[],
  limited: readonly JudgedLine[],
): readonly JudgedLine[] {
  const passed = passedIn(free);
  return limited.filter(
    ({ verdict, taken: { line } }) => verdict === 'fail' && passed.has(lineText(line)),
  );
}

const passedIn = (free: readonly JudgedLine[]) =>
  new Set(
    free.flatMap(({ verdict, taken: { line } }) => (verdict === 'pass' ? [lineText(line)] : [])),
  );

/** The texts of the first of them. */
export const few = (lines: readonly JudgedLine[]): string => fewOf(lines.map(({ text }) => text));

function fewOf(texts: readonly string[]): string {
  const more = texts.length - SHOWN;
  return `${texts.slice(0, SHOWN).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/**
 * Fields that each event line of a process told without the limits, and none of it tells under them, in words; undefined where there
 * is none. The lines of one process are compared, for what is hidden may be what began after the agent: its cgroup.
 */
export function hiddenUnder(
  limited: readonly JudgedLine[],
  free: readonly JudgedLine[],
): string | undefined {
  const passed = (lines: readonly JudgedLine[]) =>
    lines.filter(({ verdict }) => verdict === 'pass');
  const lost = lostBySort(passed(limited), passed(free), {
    sortOf: ({ kind }, type) => `${type} lines of ${KINDS[kind]}`,
    // An agent tells 0 and '' where it does not know.
    isTold: Boolean,
  });
  return lost.length === 0
    ? undefined
    : fewOf(lost.map(({ sort, fields }) => `${fields} in ${sort}`));
}

/**
 * Compares the table as it was taken with the agent of a unit with what it was without the unit's limits.
 * @param free without them. @param unit in words. @param source the file with the routes.
 */
export function judgeUnderUnit(
  limited: readonly JudgedLine[],
  free: readonly JudgedLine[],
  unit: string,
  source: string,
): Judgement {
  const passed = passedIn(free);
  const lines = limited.filter(({ taken: { line } }) => passed.has(lineText(line)));
  const of = (...verdicts: JudgedLine['verdict'][]) =>
    lines.filter(({ verdict }) => verdicts.includes(verdict));
  const worse = worseThan(free, limited);
  const untold = of('inconclusive', 'not run');
  const measured = {
    ...{ value: of('pass').length, limit: lines.length },
    ...{ unit: 'routes', source },
  };
  if (worse.length > 0)
    return fail(
      `${counted(worse.length, 'route')} worse under the limits of ${unit} than without them: ${few(worse)}; so it is in production, where systemd starts the agent`,
      measured,
    );
  if (untold.length > 0)
    return inconclusive(
      `nobody knows what comes of ${counted(untold.length, 'route')} under the limits of ${unit}: ${few(untold)}`,
      measured,
    );
  if (lines.length === 0)
    return inconclusive(
      `no route was as it must be without the limits of ${unit}, so there is nothing to compare`,
      measured,
    );
  return pass(
    `${counted(lines.length, 'route')} as without the limits of ${unit}: denied or free, and told`,
    measured,
  );
}
