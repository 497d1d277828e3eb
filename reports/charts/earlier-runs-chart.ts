import { basename } from 'node:path';
import type { ComparedFigure } from '../../helpers/evidence/comparison.ts';
import { RunDirectory } from '../../helpers/evidence/run-directory.ts';
import type { RunRecord } from '../../helpers/evidence/run-record.ts';
import { comparisonOf } from '../../helpers/evidence/summary.ts';
import { reportTitle } from '../records.ts';
import { drawn, textStyle } from './draw.ts';
import { colour } from './palette.ts';

export const EARLIER_RUNS_CHART = 'earlier-runs.svg';

const COLUMNS = 3;
const [WIDTH, PANEL, GAP, BOTTOM, LEFT] = [230, 90, 66, 40, 72];
/** Of the title, and of each run's line below it. */
const [TOP, LINE] = [72, 16];
/** Room above the highest point. */
const HEADROOM = 1.25;

const figureText = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });

/** One figure over the runs: earlier ones by their start, this one last. */
function panel(
  { name, unit, earlier, value, verdict }: ComparedFigure,
  at: number,
  firstTop: number,
) {
  const points = [...earlier, value ?? null];
  const [left, top] = [
    LEFT + (at % COLUMNS) * (WIDTH + LEFT),
    firstTop + Math.floor(at / COLUMNS) * (PANEL + GAP),
  ];
  const highest = Math.max(0, ...points.map((point) => point ?? 0)) * HEADROOM;
  const mark = verdict === 'worse' ? colour.limit : colour.baseline;
  return {
    title: {
      ...{ text: `${name}, ${unit}`, left: left - 8, top: top - 26 },
      textStyle: textStyle(12, 'text', 'bold'),
    },
    grid: { left, top, width: WIDTH, height: PANEL },
    xAxis: {
      ...{ type: 'category' as const, gridIndex: at, data: points.map((_, index) => index + 1) },
      axisLabel: { ...textStyle(11, 'muted'), interval: 0 },
      axisLine: { lineStyle: { color: colour.muted } },
      axisTick: { show: false },
    },
    yAxis: {
      ...{ type: 'value' as const, gridIndex: at, min: 0, max: highest === 0 ? 1 : highest },
      splitNumber: 2,
      axisLabel: { ...textStyle(11, 'muted'), formatter: figureText, showMaxLabel: false },
      splitLine: { lineStyle: { color: colour.grid } },
    },
    series: {
      ...{ type: 'line' as const, silent: true, xAxisIndex: at, yAxisIndex: at },
      ...{ symbol: 'circle', symbolSize: 6 },
      lineStyle: { color: colour.line, width: 1.5 },
      itemStyle: { color: colour.line },
      data: points.map((point, index) =>
        index === earlier.length ? { value: point, itemStyle: { color: mark } } : point,
      ),
    },
  };
}

/** Each figure over the last runs; undefined where nothing was compared. */
export function earlierRunsChart(run: RunRecord, path: string): string | undefined {
  const comparison = comparisonOf(new RunDirectory(path));
  if (comparison === undefined) return undefined;
  const compared = comparison.runs.filter(({ isCompared }) => isCompared);
  const figures = comparison.figures.filter(({ verdict }) => verdict !== 'no data');
  if (figures.length === 0) return undefined;
  const title = `${reportTitle(run)}: this run and earlier ones`;
  const names = [
    ...compared.map(
      ({ directory, candidateVersion: version }, at) =>
        `${at + 1}: ${basename(directory)}${version === undefined ? '' : ` (${version})`}`,
    ),
    `${compared.length + 1}: this run (${run.candidateVersion ?? 'version unknown'})`,
  ];
  const top = TOP + names.length * LINE;
  const panels = figures.map((figure, at) => panel(figure, at, top));
  const option = {
    animation: false,
    backgroundColor: colour.ground,
    title: [
      {
        ...{ text: title, subtext: names.join('\n'), left: 16, top: 10 },
        textStyle: textStyle(16, 'text', 'bold'),
        subtextStyle: { ...textStyle(12, 'muted'), lineHeight: LINE },
      },
      ...panels.map((one) => one.title),
    ],
    grid: panels.map(({ grid }) => grid),
    xAxis: panels.map(({ xAxis }) => xAxis),
    yAxis: panels.map(({ yAxis }) => yAxis),
    series: panels.map(({ series }) => series),
  };
  const rows = Math.ceil(figures.length / COLUMNS);
  return drawn(`${title}. ${names.join(', ')}`, option, top + rows * (PANEL + GAP) - GAP + BOTTOM);
}
