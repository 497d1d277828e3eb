import type { RouteFinding } from '../cost/result.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import type { JudgedLine } from './judge-lines.ts';
import { lostBySort } from './lost-fields.ts';
import { type Line, lineText } from './table.ts';

/**
 * What became of a route between two versions; nothing where neither has a finding.
 * @param previous undefined where the route was not taken with it.
 */
function changeOf(
  candidate: JudgedLine,
  previous: JudgedLine | undefined,
): RouteFinding['change'] | undefined {
  const was = previous?.verdict;
  if (candidate.verdict === 'pass') return was === 'fail' ? 'fixed' : undefined;
  if (candidate.verdict === 'not run') {
    // What this host cannot try, or neither promises. A rule that the candidate no longer knows denies nothing.
    const isLost = was === 'pass' && candidate.taken.line.expected === 'denied';
    return isLost ? 'new' : undefined;
  }
  if (candidate.verdict !== 'fail') return 'no data';
  return was === 'pass' ? 'new' : was === 'fail' ? 'same' : 'no data';
}

/**
 * Every route on which one of the two versions has a finding, in the table's order.
 * @param lost the section of a line's rule that the previous version knows and the candidate does not: neither could be tried then.
 */
export function routeFindings(
  candidate: readonly JudgedLine[],
  previous: readonly JudgedLine[],
  lost: (line: Line) => string | undefined = () => undefined,
): readonly RouteFinding[] {
  const before = new Map(previous.map((line) => [lineText(line.taken.line), line]));
  return candidate.flatMap((line): RouteFinding[] => {
    const route = lineText(line.taken.line);
    const section = line.taken.line.expected === 'denied' ? lost(line.taken.line) : undefined;
    if (section !== undefined) {
      const text = `${route}: the candidate does not know ${section}`;
      return [{ change: 'new', route, candidate: text, previous: `knows ${section}` }];
    }
    const was = before.get(route);
    const change = changeOf(line, was);
    if (change === undefined) return [];
    return [{ change, route, candidate: line.text, previous: was?.text ?? 'not taken' }];
  });
}

/** Fields that every event line of a type had with the previous version, and none of the candidate's has, in words. */
export const lostFields = (
  candidate: readonly JudgedLine[],
  previous: readonly JudgedLine[],
): readonly string[] =>
  lostBySort(candidate, previous, { sortOf: (_, type) => type, isTold: () => true }).map(
    ({ sort, fields }) => `${fields} in lines of type ${sort}`,
  );

const SHOWN = 6;

const listed = (texts: readonly string[]) =>
  [
    ...texts.slice(0, SHOWN),
    ...(texts.length > SHOWN ? [`and ${texts.length - SHOWN} more`] : []),
  ].join('; ');

/** @param source the file with all of them. */
export function judgeAgainstPrevious(
  findings: readonly RouteFinding[],
  version: string,
  source: string,
): Judgement {
  const of = (change: RouteFinding['change']) => findings.filter((one) => one.change === change);
  const [added, fixed, same, untold] = [of('new'), of('fixed'), of('same'), of('no data')];
  const routes = (all: readonly RouteFinding[]) => all.map(({ route }) => route);
  const besides = [
    `fixed: ${fixed.length}${fixed.length === 0 ? '' : ` (${listed(routes(fixed))})`}`,
    `the same: ${same.length}`,
  ].join(', ');
  const measured = { value: added.length, limit: 0, unit: 'new findings', source };
  if (added.length > 0)
    return fail(
      `${counted(added.length, 'route')} worse than with version ${version}: ${listed(added.map(({ candidate }) => candidate))}; ${besides}`,
      measured,
    );
  if (untold.length > 0)
    return inconclusive(
      `of ${counted(untold.length, 'route')} nobody knows whether the finding is new against version ${version}: ${listed(untold.map(({ candidate, previous }) => `${candidate} (previous version: ${previous})`))}; ${besides}; run again`,
      measured,
    );
  return pass(`nothing is new against version ${version}; ${besides}`, measured);
}
