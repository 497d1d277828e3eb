import { createRequire } from 'node:module';
import type * as echarts from 'echarts';
import { keepExtremes, type Point } from './downsample.ts';
import { colour, darkRules } from './palette.ts';
import type { SoakSeries } from './series.ts';

/** In one file: six times as fast to load as its five hundred modules. With the first chart, for a run may draw none. */
const BUNDLE = 'echarts/dist/echarts.esm.min.mjs';
const load = createRequire(import.meta.url);
const WIDTH = 960;
const TOP = 92;
const PANEL = 170;
const GAP = 62;
const BOTTOM = 46;
/** Room above the highest figure for the names of the phases. */
const HEADROOM = 1.25;
const SIDE = { left: 88, right: 28 };
/** Between the soaks, which stand side by side over the same time and the same scale. */
const BETWEEN = 24;
const PIXELS_A_STEP = 80;

/** How wide each soak is drawn. */
const widthOf = (soaks: number) => (WIDTH - SIDE.left - SIDE.right - (soaks - 1) * BETWEEN) / soaks;
/** One bucket for every two pixels: more would be drawn over itself. */
export const bucketsOf = (soaks: number): number => widthOf(soaks) / 2;

/** A horizontal line through each soak of a panel, or through one. */
export interface Level {
  readonly name: string;
  readonly value: number;
  readonly colour: 'limit' | 'baseline';
  readonly over?: SoakSeries;
}

/** One panel of a chart: a figure over time. */
interface Panel {
  readonly name: string;
  readonly points: (soak: SoakSeries) => readonly Point[];
  readonly levels?: readonly Level[];
}

export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  readonly soaks: readonly SoakSeries[];
  readonly panels: readonly Panel[];
}

const two = (value: number) => String(value).padStart(2, '0');

/** `4:05`, or `1:04:05` from an hour on. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

const figure = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 1 });

/** Round steps of a clock: an axis of 0:00, 1:40, 3:20 is no help to anybody. */
function timeStep(seconds: number, most: number): number {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200];
  return steps.find((step) => seconds / step <= most) ?? 86_400;
}

export const textStyle = (
  size: number,
  name: 'text' | 'muted',
  weight: 'normal' | 'bold' = 'normal',
) => ({
  color: colour[name],
  fontSize: size,
  fontWeight: weight,
  fontFamily: 'system-ui, sans-serif',
});

/** How long the soak was, named in the first panel. */
function phaseMark(soak: SoakSeries, named: boolean) {
  return {
    silent: true,
    data: [
      [
        {
          xAxis: 0,
          name: soak.endedEarly === undefined ? soak.phase : `${soak.phase} (ended early)`,
          itemStyle: { color: colour[soak.phase] },
          label: { show: named, position: 'insideTopLeft' as const, ...textStyle(12, 'muted') },
        },
        { xAxis: soak.end },
      ],
    ],
  };
}

function levelMark(level: Level, to: number) {
  const style = { color: colour[level.colour], type: 'dashed' as const, width: 1.5 };
  const label = {
    formatter: `${level.name} ${figure(level.value)}`,
    position: level.colour === 'limit' ? ('insideEndTop' as const) : ('insideEndBottom' as const),
    ...textStyle(12, 'text'),
    color: colour[level.colour],
  };
  return [0, to].map((x) => ({ coord: [x, level.value], lineStyle: style, label, symbol: 'none' }));
}

/** A level that is not in the picture would be no level. */
function highestOf({ points, levels = [] }: Panel, soaks: readonly SoakSeries[]): number {
  const figures = soaks.flatMap((soak) => points(soak).map(([, value]) => value));
  const highest = [...figures, ...levels.map(({ value }) => value)].reduce(
    (known, value) => Math.max(known, value),
    0,
  );
  return highest === 0 ? 1 : highest * HEADROOM;
}

/** A figure of one soak: its place, axes, line and levels. */
function cell(panel: Panel, soak: SoakSeries, at: { row: number; column: number }, chart: Chart) {
  const { soaks } = chart;
  const width = widthOf(soaks.length);
  const top = TOP + at.row * (PANEL + GAP);
  const left = SIDE.left + at.column * (width + BETWEEN);
  const to = Math.max(...soaks.map(({ end }) => end), 1);
  const gridIndex = at.row * soaks.length + at.column;
  const points = panel.points(soak);
  const levels = (panel.levels ?? []).filter(({ over = soak }) => over === soak);
  return {
    noData:
      points.length > 0
        ? []
        : [{ text: 'no data', left, top: top + PANEL / 2, textStyle: textStyle(13, 'muted') }],
    grid: { left, width, top, height: PANEL },
    xAxis: {
      type: 'value' as const,
      gridIndex,
      min: 0,
      max: to,
      interval: timeStep(to, width / PIXELS_A_STEP),
      axisLabel: {
        ...textStyle(12, 'muted'),
        formatter: clock,
        hideOverlap: true,
        showMaxLabel: false,
      },
      axisLine: { lineStyle: { color: colour.muted } },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value' as const,
      gridIndex,
      min: 0,
      max: highestOf(panel, soaks),
      axisLabel: {
        show: at.column === 0,
        ...textStyle(12, 'muted'),
        formatter: figure,
        showMaxLabel: false,
      },
      axisLine: { lineStyle: { color: colour.muted } },
      splitLine: { lineStyle: { color: colour.grid } },
    },
    series: {
      type: 'line' as const,
      silent: true,
      name: soak.phase,
      xAxisIndex: gridIndex,
      yAxisIndex: gridIndex,
      showSymbol: points.length < 2,
      symbol: 'circle',
      lineStyle: { color: colour.line, width: 1.5 },
      itemStyle: { color: colour.line },
      data: keepExtremes(points, bucketsOf(soaks.length)).map(([x, y]) => [x, y]),
      markArea: phaseMark(soak, at.row === 0),
      markLine: {
        silent: true,
        symbol: 'none',
        data: levels.map((level) => levelMark(level, to)),
      },
    },
  };
}

function option(chart: Chart) {
  const { title, subtitle, soaks, panels } = chart;
  const cells = panels.flatMap((panel, row) =>
    soaks.map((soak, column) => cell(panel, soak, { row, column }, chart)),
  );
  return {
    animation: false,
    backgroundColor: colour.ground,
    title: [
      {
        text: title,
        subtext: subtitle,
        left: 16,
        top: 10,
        textStyle: textStyle(16, 'text', 'bold'),
        subtextStyle: textStyle(12, 'muted'),
      },
      ...panels.map(({ name }, row) => ({
        text: name,
        left: SIDE.left - 8,
        top: TOP + row * (PANEL + GAP) - 28,
        textStyle: textStyle(13, 'text', 'bold'),
      })),
      ...cells.flatMap(({ noData }) => noData),
    ],
    grid: cells.map(({ grid }) => grid),
    xAxis: cells.map(({ xAxis }) => xAxis),
    yAxis: cells.map(({ yAxis }) => yAxis),
    series: cells.map(({ series }) => series),
  };
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A drawing of its own: no script, nothing from outside, both colour schemes. @param name for readers that show no picture. */
export function drawn(name: string, what: object, height: number): string {
  const { init }: typeof echarts = load(BUNDLE);
  const drawing = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    drawing.setOption(what as Parameters<typeof drawing.setOption>[0]);
    const svg = drawing.renderToSVGString({ useViewBox: true });
    const title = `<title>${escaped(name)}</title>`;
    return `${svg.replace(/^<svg[^>]*>/, (open) => `${open}\n${title}\n${darkRules()}`)}\n`;
  } finally {
    drawing.dispose();
  }
}

export function drawChart(chart: Chart): string {
  const height = TOP + chart.panels.length * (PANEL + GAP) - GAP + BOTTOM;
  return drawn(`${chart.title}. ${chart.subtitle}`, option(chart), height);
}
