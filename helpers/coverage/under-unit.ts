import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import type { JudgedLine } from './judge-lines.ts';
import { lineText } from './table.ts';

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
export function few(lines: readonly JudgedLine[]): string {
  const more = lines.length - SHOWN;
  const texts = lines.slice(0, SHOWN).map(({ text }) => text);
  return `${texts.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
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
