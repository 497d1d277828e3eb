import {
  type AgainstPrevious,
  costResult,
  type JudgedRatio,
  PREVIOUS_FILE,
  previousResult,
  RATIOS_FILE,
} from '../../helpers/cost/result.ts';
import { RunDirectory } from '../../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../../helpers/evidence/run-record.ts';
import { jsonOf } from '../../helpers/files/ndjson.ts';
import { reportTitle } from '../records.ts';
import { drawn, textStyle } from './draw.ts';
import { colour } from './palette.ts';

export const COST_CHART = 'cost.svg';

const ROW = 24;
const [TOP, BOTTOM, LEFT, RIGHT] = [96, 48, 200, 40];
/** Ratios beyond are drawn as far as this: an interval of one block has no end. */
const LOWEST = 0.5;
const LEAST_HIGHEST = 2;

/** A ratio with its interval, as one line of the picture. */
interface Row {
  readonly name: string;
  readonly of: Pick<JudgedRatio, 'ratio' | 'low' | 'high'>;
  readonly limit?: number;
  readonly colour: string;
}

const COLOUR_OF = {
  above: 'limit',
  worse: 'limit',
  within: 'baseline',
  same: 'baseline',
  better: 'baseline',
  'too noisy to tell': 'line',
  'no data': 'muted',
} as const;

/** Of each piece both modes, and the host without the agent against itself. */
function rowsOf(ratios: readonly JudgedRatio[]): Row[] {
  const shown = ratios.filter(({ figure }) => figure === 'p95' || figure === 'wall time');
  return [...new Set(shown.map(({ piece }) => piece))].flatMap((piece) => {
    const ofPiece = shown.filter((one) => one.piece === piece);
    return [
      ...ofPiece.map((one) => ({
        name: `${piece}, ${one.mode}`,
        of: one,
        limit: one.limit,
        colour: colour[COLOUR_OF[one.verdict]],
      })),
      ...ofPiece.slice(0, 1).map(({ noise }) => ({
        name: `${piece}, no agent`,
        of: noise,
        colour: colour.muted,
      })),
    ];
  });
}

/** The candidate against the previous version, one row a metric; what has no interval is told in the ticket alone. */
function previousRows(metrics: readonly AgainstPrevious[]): Row[] {
  const firsts = [...Map.groupBy(metrics, ({ metric }) => metric).values()];
  return firsts.flatMap(([first]) => {
    const { metric, ratio, low, high, limit, verdict } = first ?? {};
    if (metric === undefined || ratio === undefined || low === undefined || high === undefined)
      return [];
    return {
      name: `${metric}, new / previous`,
      of: { ratio, low, high },
      ...(limit === undefined ? {} : { limit }),
      colour: colour[COLOUR_OF[verdict ?? 'no data']],
    };
  });
}

const line = (from: readonly number[], to: readonly number[], stroke: string, width: number) => ({
  type: 'line' as const,
  shape: { x1: from[0] ?? 0, y1: from[1] ?? 0, x2: to[0] ?? 0, y2: to[1] ?? 0 },
  style: { stroke, lineWidth: width },
});

/** The highest of these, up to the next tenth: it is the last label of the axis, which must have room. */
const roundedUp = (...values: readonly number[]) => Math.ceil(10 * Math.max(...values)) / 10;

/** A dot; an arrow out of the picture for what lies below it. */
const mark = (ratio: number, x: number, y: number) =>
  ratio < LOWEST
    ? {
        type: 'polygon' as const,
        shape: {
          points: [
            [x - 6, y],
            [x + 3, y - 5],
            [x + 3, y + 5],
          ],
        },
      }
    : { type: 'circle' as const, shape: { cx: x, cy: y, r: 4 } };

function option(title: string, subtitle: string, rows: readonly Row[]) {
  const highest = roundedUp(
    LEAST_HIGHEST,
    ...rows.map(({ of, limit }) => 1.2 * Math.max(of.ratio, limit ?? 1)),
  );
  const within = (value: number) => Math.min(highest, Math.max(LOWEST, value));
  return {
    animation: false,
    backgroundColor: colour.ground,
    title: {
      ...{ text: title, subtext: subtitle, left: 16, top: 10 },
      textStyle: textStyle(16, 'text', 'bold'),
      subtextStyle: textStyle(12, 'muted'),
    },
    grid: { top: TOP, bottom: BOTTOM, left: LEFT, right: RIGHT },
    xAxis: {
      ...{ type: 'log' as const, logBase: 2, min: LOWEST, max: highest },
      axisLabel: textStyle(12, 'muted'),
      splitLine: { lineStyle: { color: colour.grid } },
    },
    yAxis: {
      ...{ type: 'category' as const, inverse: true, data: rows.map(({ name }) => name) },
      axisLabel: { ...textStyle(12, 'text'), interval: 0 },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour.muted } },
    },
    series: [
      {
        type: 'custom' as const,
        silent: true,
        data: rows.map((_, index) => index),
        renderItem: (
          { dataIndex }: { dataIndex: number },
          { coord }: { coord: (point: readonly number[]) => number[] },
        ) => {
          const row = rows[dataIndex];
          if (row === undefined) return undefined;
          const at = (value: number) => coord([within(value), dataIndex]);
          const [x = 0, y = 0] = at(row.of.ratio);
          const limit = row.limit === undefined ? undefined : (at(row.limit)[0] ?? 0);
          const half = ROW / 2;
          return {
            type: 'group' as const,
            children: [
              ...(limit === undefined
                ? []
                : [line([limit, y - half], [limit, y + half], colour.limit, 1)]),
              line(at(row.of.low), at(row.of.high), row.colour, 2),
              { ...mark(row.of.ratio, x, y), style: { fill: row.colour } },
            ],
          };
        },
      },
    ],
  };
}

/** Each ratio of a run's cost phase with its interval (a forest plot); undefined where there was none. */
export function costChart(run: RunRecord, path: string): string | undefined {
  const directory = new RunDirectory(path);
  if (!directory.has(RATIOS_FILE)) return undefined;
  const result = costResult.safeParse(jsonOf(directory.readText(RATIOS_FILE))).data;
  if (result === undefined || result.ratios.length === 0) return undefined;
  const previous = directory.has(PREVIOUS_FILE)
    ? previousResult.safeParse(jsonOf(directory.readText(PREVIOUS_FILE))).data
    : undefined;
  const rows = [...rowsOf(result.ratios), ...previousRows(previous?.metrics ?? [])];
  const title = `${reportTitle(run)}: what the host pays`;
  const subtitle = `${run.hostname}, ${run.startedAt}; p95 of the time of one, with the agent / without${previous === undefined ? '' : `, and of the candidate / ${previous.version}`}; red mark: limit`;
  return drawn(
    `${title}. ${subtitle}`,
    option(title, subtitle, rows),
    TOP + rows.length * ROW + BOTTOM,
  );
}
