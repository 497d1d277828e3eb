import type { Taken } from './taken.ts';

/**
 * Routes among which event lines came late. A line is told of the route behind which it comes, so one that is held up is missing
 * at its own route and too much at a later one of the same process; what comes between may be another's as well. A line
 * that never comes is not late, and neither is a second one.
 */
export function lateAmong<T extends { readonly taken: Taken; readonly verdict: string }>(
  judged: readonly T[],
): ReadonlySet<T> {
  const late = new Set<T>();
  for (const ofProcess of Map.groupBy(judged, ({ taken }) => taken.line.kind).values()) {
    let missing = 0;
    let since: T[] = [];
    for (const one of ofProcess) {
      const { line, events } = one.taken;
      const isJudged = one.verdict === 'pass' || one.verdict === 'fail';
      const due = isJudged && line.expected === 'denied' ? 1 : 0;
      const wasMissing = missing > 0;
      missing += due - events.length;
      // Nobody knows how many lines a route makes that cannot be judged.
      if (!isJudged) missing = Math.max(missing, 0);
      since.push(one);
      if (missing > 0) continue;
      if (wasMissing && missing === 0) for (const route of since) late.add(route);
      missing = 0;
      since = [];
    }
  }
  return late;
}
