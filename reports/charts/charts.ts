import type { RunRecord } from '../../helpers/evidence/run-record.ts';
import { reportTitle } from '../records.ts';
import { BUCKETS, type Chart, drawChart, type Level } from './draw.ts';
import { type SoakSeries, soakSeries } from './series.ts';

/** Folder of the charts in a run directory. */
export const CHARTS_FOLDER = 'charts';
export const CHART_FILES = [
  'decisions.svg',
  'drops.svg',
  'memory.svg',
  'open-latency.svg',
] as const;

type ChartFile = (typeof CHART_FILES)[number];
type Drawing = Pick<Chart, 'panels'> & { readonly about: string };

const MB = 1000;

function limitOf(run: RunRecord, name: string): number | undefined {
  const value = run.settings[name];
  return typeof value === 'number' ? value : undefined;
}

function memoryLevels(soaks: readonly SoakSeries[], growthKb: number | undefined): Level[] {
  return soaks.flatMap((over): Level[] => {
    if (over.baselineKb === undefined) return [];
    const baseline = over.baselineKb / MB;
    return [
      { name: 'baseline', value: baseline, colour: 'baseline', over },
      ...(growthKb === undefined
        ? []
        : [{ name: 'limit', value: baseline + growthKb / MB, colour: 'limit' as const, over }]),
    ];
  });
}

function samplesText(soaks: readonly SoakSeries[]): string {
  const counts = soaks.map(
    ({ phase, samples }) => `${phase} ${samples.toLocaleString('en')} samples`,
  );
  const thinned = soaks.some(({ samples }) => samples > BUCKETS * 2);
  return thinned
    ? `${counts.join(', ')}; the lowest and the highest of every two pixels are drawn`
    : counts.join(', ');
}

/** What each chart is about, and its panels. */
function drawings(
  run: RunRecord,
  soaks: readonly SoakSeries[],
): Readonly<Record<ChartFile, Drawing>> {
  const drops = limitOf(run, 'MAX_RINGBUF_DROPS');
  const dropLevels: Level[] =
    drops === undefined ? [] : [{ name: 'limit', value: drops, colour: 'limit' }];
  const memory = memoryLevels(soaks, limitOf(run, 'MAX_RSS_GROWTH_KB'));
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
        { name: 'drops since the soak began', points: (soak) => soak.drops, levels: dropLevels },
      ],
    },
    'memory.svg': {
      about: 'the agent’s memory',
      panels: [
        {
          name: 'resident memory, MB',
          points: ({ rss }) => rss.map(([x, kb]) => [x, kb / MB]),
          levels: memory,
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
