import type { Outlier } from '../evidence/fleet-summary.ts';
import { COMPARE_LIMIT } from '../steps/earlier-runs/compare.ts';
import type { RunFigure } from '../steps/earlier-runs/figures.ts';

/**
 * A modified z-score beyond this is an outlier: Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993, as NIST's
 * handbook has it (https://www.itl.nist.gov/div898/handbook/eda/section3/eda35h.htm).
 */
const MOST_SCORE = 3.5;
/** The same place: the MAD of a normal distribution is so much of its standard deviation. */
const MAD_OF_SIGMA = 0.6745;
/** Of fewer hosts, one that stands out moves the median itself. */
export const FEWEST_HOSTS = 5;

/** Memory, latency and drops: what a host's own state shows in. */
const FIGURES = /: (resident memory|an open, p(50|99)|drops)$/;
export const isCompared = ({ name }: RunFigure): boolean => FIGURES.test(name);

export interface HostFigures {
  readonly host: string;
  readonly hostClass: string;
  readonly figures: readonly RunFigure[];
}

const log = ({ value, floor }: RunFigure) => Math.log(Math.max(value, floor));

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1] ?? 0, sorted[Math.floor(half)] ?? 0];
  return (low + high) / 2;
}

interface OneFigure {
  readonly host: string;
  readonly hostClass: string;
  readonly figure: RunFigure;
}

/** What stands out among hosts of one class, by one figure. Its logarithm, for figures of hosts differ by factors. */
function among(all: readonly OneFigure[]): Outlier[] {
  if (all.length < FEWEST_HOSTS) return [];
  const middle = median(all.map(({ figure }) => log(figure)));
  const mad = median(all.map(({ figure }) => Math.abs(log(figure) - middle)));
  return all.flatMap(({ host, hostClass, figure }) => {
    const away = log(figure) - middle;
    // Where most hosts are alike to the byte any other would stand out.
    if (Math.abs(away) <= Math.log(COMPARE_LIMIT)) return [];
    const score = (MAD_OF_SIGMA * away) / Math.max(mad, Number.EPSILON);
    if (Math.abs(score) <= MOST_SCORE) return [];
    const { name, unit, value } = figure;
    const worse = figure.better === 'less' ? score : -score;
    return [
      {
        ...{ host, hostClass, figure: name, unit, value, median: Math.exp(middle) },
        // More than that is only a MAD of next to nothing.
        score: Math.max(-1000, Math.min(1000, worse)),
      },
    ];
  });
}

/** Figures that stand out from those of the same host class, the farthest one first. */
export function outliers(hosts: readonly HostFigures[]): Outlier[] {
  const all = hosts.flatMap(({ host, hostClass, figures }) =>
    figures.map((figure) => ({ host, hostClass, figure })),
  );
  const groups = Map.groupBy(all, ({ hostClass, figure }) => `${hostClass}\n${figure.name}`);
  return [...groups.values()]
    .flatMap(among)
    .sort((one, other) => Math.abs(other.score) - Math.abs(one.score));
}
