import type { Beside, Configuration } from './order.ts';
import { studentQuantile } from './student.ts';

/** One figure of one block. */
export interface Measured {
  readonly configuration: Configuration;
  readonly value: number;
}

/** Logarithms, one a block: of its ratio to its neighbours without the agent, or of a figure that only an agent has. */
export type Ratios = Readonly<Record<Configuration, readonly number[]>>;
/** What the blocks of an agent are held against: the host without it, or the version that production runs. */
export type Against = 'none' | 'previous';

/** The ratio of a figure with the agent and without, or to that of the previous version, with its interval. */
export interface Comparison {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Compares each block with the mean of its neighbours without the agent: a drift of the host cancels out. A block without the agent
 * is compared with the same before and after it in the same way, which shows the host's own noise.
 */
export function ratiosOf(blocks: readonly Measured[]): Ratios {
  const ratios: Record<Configuration, number[]> = {
    none: [],
    audit: [],
    enforce: [],
    previous: [],
  };
  const value = (index: number) => Math.log(blocks[index]?.value ?? Number.NaN);
  blocks.forEach(({ configuration }, index) => {
    const away = configuration === 'none' ? 2 : 1;
    const between = (value(index - away) + value(index + away)) / 2;
    const ratio = value(index) - between;
    if (!Number.isNaN(ratio)) ratios[configuration].push(ratio);
  });
  return ratios;
}

/** The same of a figure that blocks without an agent do not have. */
export function figuresOf(blocks: readonly Measured[]): Ratios {
  const of = (which: Configuration) =>
    blocks.flatMap(({ configuration, value }) =>
      configuration === which && !Number.isNaN(value) ? [Math.log(value)] : [],
    );
  return { none: [], audit: of('audit'), enforce: of('enforce'), previous: of('previous') };
}

const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const squares = (values: readonly number[], around: number) =>
  sum(values.map((value) => (value - around) ** 2));
const freedomOf = (values: readonly number[]) => Math.max(0, values.length - 1);

/** How far one ratio lies from the true one (standard deviation), and how well that is known. */
function scatter(ratios: Ratios, configuration: Configuration, against: Against) {
  const { none, ...agents } = ratios;
  const besides = Object.values(agents);
  const freedom = none.length + sum(besides.map(freedomOf));
  // Against itself the host has the ratio 1.
  const all = squares(none, 0) + sum(besides.map((own) => squares(own, mean(own))));
  const alone = [ratios[configuration], ...(against === 'previous' ? [ratios.previous] : [])]
    .filter((own) => own.length > 1)
    .map((own) => squares(own, mean(own)) / freedomOf(own));
  // Blocks that scatter more than the others are not made better by them.
  const pooled = freedom === 0 ? 0 : all / freedom;
  return { deviation: Math.sqrt(Math.max(pooled, ...alone)), freedom };
}

/** How much less than a single ratio the mean of so many of each is off. */
const shrink = (against: Against, own: number, other: number) =>
  Math.sqrt(1 / own + (against === 'previous' ? 1 / other : 0));

/** Half the width of the interval, in logarithms. */
function halfWidth(ratios: Ratios, configuration: Configuration, against: Against): number {
  const { deviation, freedom } = scatter(ratios, configuration, against);
  const { [configuration]: own, previous } = ratios;
  // A single block shows nothing: the others may be close to one another by chance.
  const fewest = Math.min(own.length, against === 'previous' ? previous.length : own.length);
  if (freedom === 0 || fewest < 2) return Number.POSITIVE_INFINITY;
  return studentQuantile(freedom) * deviation * shrink(against, own.length, previous.length);
}

/** In logarithms: how much more it is than what it is held against. */
const difference = (ratios: Ratios, configuration: Configuration, against: Against): number =>
  mean(ratios[configuration]) - (against === 'previous' ? mean(ratios.previous) : 0);

/** In logarithms: what is wider has no end that a number could tell. */
const WIDEST = 300;

export function compare(
  ratios: Ratios,
  configuration: Configuration,
  against: Against = 'none',
): Comparison {
  const centre = difference(ratios, configuration, against);
  const half = Math.min(WIDEST, halfWidth(ratios, configuration, against));
  return {
    ratio: Math.exp(centre),
    low: Math.exp(centre - half),
    high: Math.exp(centre + half),
  };
}

/**
 * Two blocks stand out from three without the agent in one order of ten, and busy moments of a host last long enough for both: of 40 phases
 * with two blocks one blamed an agent that cost nothing.
 */
export const FEWEST = 3;
/** From so many blocks on ranks tell what stands out; of fewer even the clearest order comes about by chance. */
const FEW = 8;
/** One in a thousand, of a normal distribution. */
const RARELY = 3.29;

/**
 * Whether the ratios with the agent stand out from what the host does by itself, or does with the previous version, however its noise is
 * distributed: by their ranks (Mann and Whitney), and of few blocks each from each, by more than one ratio is off.
 */
function standsOut(ratios: Ratios, beside: Beside, against: Against): boolean {
  const { [against]: others, [beside]: own } = ratios;
  if (own.length < FEWEST) return false;
  if (own.length < FEW)
    return Math.min(...own) > Math.max(...others) + scatter(ratios, beside, against).deviation;
  const higher = own.flatMap((one) => others.filter((other) => one > other)).length;
  const pairs = own.length * others.length;
  const deviation = Math.sqrt((pairs * (own.length + others.length + 1)) / 12);
  return higher - pairs / 2 > RARELY * deviation;
}

/**
 * Beyond doubt above the limit: the whole interval is, and it stands out. A run compares some fifty ratios, and on a busy host the interval
 * alone would blame a good agent now and then.
 */
export const isAbove = (
  ratios: Ratios,
  beside: Beside,
  limit: number,
  against: Against = 'none',
): boolean => compare(ratios, beside, against).low > limit && standsOut(ratios, beside, against);

export const isWithin = (
  ratios: Ratios,
  beside: Beside,
  limit: number,
  against: Against = 'none',
): boolean => compare(ratios, beside, against).high <= limit;

/** The smallest slow-down that these blocks would have told from none, as a share. */
export const toldApart = (ratios: Ratios, beside: Beside, against: Against): number =>
  Math.exp(halfWidth(ratios, beside, against)) - 1;

const MOST_BLOCKS = 1000;

/** How many blocks of each would tell on which side of the limit it is, by these; undefined for too many. */
export function blocksNeeded(
  ratios: Ratios,
  beside: Beside,
  limit: number,
  against: Against,
): number | undefined {
  const { none, ...agents } = ratios;
  const { deviation } = scatter(ratios, beside, against);
  const margin = Math.abs(Math.log(limit) - difference(ratios, beside, against));
  const kinds = Object.values(agents).filter((own) => own.length > 0).length;
  for (let each = ratios[beside].length + 1; each <= MOST_BLOCKS; each += 1) {
    // As blockOrder has them: one more without the agent than with it, of which all but the outer two are compared.
    const freedom = (none.length > 0 ? kinds * each - 1 : 0) + kinds * (each - 1);
    if (studentQuantile(freedom) * deviation * shrink(against, each, each) <= margin) return each;
  }
  return undefined;
}
