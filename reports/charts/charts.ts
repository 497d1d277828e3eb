import type { RunRecord } from '../../helpers/evidence/run-record.ts';
import { THRESHOLDS, type Threshold } from '../../helpers/settings/thresholds.ts';
import { reportTitle } from '../records.ts';
import { bucketsOf, type Chart, drawChart, type Level } from './draw.ts';
import { type SoakSeries, soakSeries } from './series.ts';

/** Folder of the charts in a run directory. */
export const CHARTS_FOLDER = 'charts';
export const CHART_FILES = [
  'decisions.svg',
  'drops.svg',
  'memory.svg',
  'resources.svg',
  'open-latency.svg',
] as const;

type ChartFile = (typeof CHART_FILES)[number];
type Drawing = Pick<Chart, 'panels'> & { readonly about: string };

const MB = 1000;
const KIB_PER_MIB = 1024;

/** The limits that are lines in the panel of a figure, as the run's record has them. */
function limitsOn(run: RunRecord, line: NonNullable<Threshold['line']>): number[] {
  return THRESHOLDS.filter((threshold: Threshold) => threshold.line === line)
    .map(({ knob }) => run.settings[knob])
    .filter((value) => typeof value === 'number');
}

const limitLevel = (value: number): Level => ({ name: 'limit', value, colour: 'limit' });

function memoryLevels(soaks: readonly SoakSeries[], growthsKb: readonly number[]): Level[] {
  return soaks.flatMap((over): Level[] => {
    if (over.baselineKb === undefined) return [];
    const baseline = over.baselineKb / MB;
    return [
      { name: 'baseline', value: baseline, colour: 'baseline', over },
      ...growthsKb.map((growthKb) => ({ ...limitLevel(baseline + growthKb / MB), over })),
    ];
  });
}

function samplesText(soaks: readonly SoakSeries[]): string {
  const counts = soaks.map(
    ({ phase, samples }) => `${phase} ${samples.toLocaleString('en')} samples`,
  );
  const thinned = soaks.some(({ samples }) => samples > bucketsOf(soaks.length) * 2);
  return thinned
    ? `${counts.join(', ')}; the lowest and the highest of every two pixels are drawn`
    : counts.join(', ');
}

/** What each chart is about, and its panels. */
function drawings(
  run: RunRecord,
  soaks: readonly SoakSeries[],
): Readonly<Record<ChartFile, Drawing>> {
  return {
    'decisions.svg': {
      about: 'decisions',
      panels: [
        { name: 'decisions per second', points: ({ rate }) => rate },
        { name: 'decisions since the soak began', points: ({ decisions }) => decisions },
      ],
    },
    'drops.svg': {
      about: 'ring-buffer drops',
      panels: [
        {
          name: 'drops since the soak began',
          points: (soak) => soak.drops,
          levels: limitsOn(run, 'drops').map(limitLevel),
        },
      ],
    },
    'memory.svg': {
      about: "the agent's memory",
      panels: [
        {
          name: 'resident memory, MB',
          points: ({ rss }) => rss.map(([x, kb]) => [x, kb / MB]),
          levels: memoryLevels(soaks, limitsOn(run, 'rss')),
        },
        {
          name: 'locked memory and BPF maps, MiB',
          points: ({ locked }) => locked.map(([x, kb]) => [x, kb / KIB_PER_MIB]),
          levels: limitsOn(run, 'locked').map((kb) => limitLevel(kb / KIB_PER_MIB)),
        },
      ],
    },
    'resources.svg': {
      about: 'what else the agent takes of the host',
      panels: [
        {
          name: 'CPU, % of one core',
          points: ({ cpu }) => cpu,
          levels: limitsOn(run, 'cpu').map(limitLevel),
        },
        {
          name: 'of it in the kernel (system time), % of one core',
          points: ({ cpuSystem }) => cpuSystem,
        },
        {
          name: 'open descriptors',
          points: ({ descriptors }) => descriptors,
          levels: limitsOn(run, 'descriptors').map(limitLevel),
        },
        {
          name: 'threads',
          points: ({ threads }) => threads,
          levels: limitsOn(run, 'threads').map(limitLevel),
        },
        {
          name: 'child processes',
          points: ({ childProcesses }) => childProcesses,
          levels: limitsOn(run, 'childProcesses').map(limitLevel),
        },
      ],
    },
    'open-latency.svg': {
      about: 'how long an open of the denied file takes',
      panels: [
        { name: 'open latency p50, µs', points: ({ openP50Us }) => openP50Us },
        { name: 'open latency p99, µs', points: ({ openP99Us }) => openP99Us },
      ],
    },
  };
}

/** The charts of a run by file name; none when no soak left a sample. */
export function charts(run: RunRecord, path: string): ReadonlyMap<ChartFile, string> {
  const soaks = soakSeries(path);
  if (soaks.length === 0) return new Map();
  const subtitle = `${run.hostname}, ${run.startedAt}; ${samplesText(soaks)}`;
  const all = drawings(run, soaks);
  return new Map(
    CHART_FILES.map((name) => {
      const { about, panels } = all[name];
      const title = `${reportTitle(run)}: ${about}`;
      return [name, drawChart({ title, subtitle, soaks, panels })];
    }),
  );
}
