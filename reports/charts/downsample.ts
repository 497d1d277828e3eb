/** A point of a chart: seconds and a figure. */
export type Point = readonly [x: number, y: number];

/**
 * At most twice as many points as buckets: the lowest and the highest of each bucket, in their order,
 * so that a peak of one sample in a week's soak is still there. ECharts' own `sampling: 'minmax'` draws the same, and
 * costs six times the time and five times the memory (docs/decisions/7-charts-without-a-browser.md).
 */
export function keepExtremes(points: readonly Point[], buckets: number): Point[] {
  if (points.length <= buckets * 2) return [...points];
  const size = points.length / buckets;
  return Array.from({ length: buckets }, (_, index) =>
    extremes(points.slice(Math.floor(index * size), Math.floor((index + 1) * size))),
  ).flat();
}

function extremes(points: readonly Point[]): Point[] {
  const [first] = points;
  if (first === undefined) return [];
  let lowest = first;
  let highest = first;
  for (const point of points) {
    if (point[1] < lowest[1]) lowest = point;
    if (point[1] > highest[1]) highest = point;
  }
  if (lowest === highest) return [lowest];
  return lowest[0] < highest[0] ? [lowest, highest] : [highest, lowest];
}
