import type { AgentMode, Configuration } from './order.ts';
import { studentQuantile } from './student.ts';

/** One figure of one block. */
export interface Measured {
  readonly configuration: Configuration;
  readonly value: number;
}

/** Logarithms of ratios, each of a block to its neighbours without the agent. */
export type Ratios = Readonly<Record<Configuration, readonly number[]>>;

/** The ratio of a figure with the agent and without, with its interval. */
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
  const ratios: Record<Configuration, number[]> = { none: [], audit: [], enforce: [] };
  const value = (index: number) => Math.log(blocks[index]?.value ?? Number.NaN);
  blocks.forEach(({ configuration }, index) => {
    const away = configuration === 'none' ? 2 : 1;
    const between = (value(index - away) + value(index + away)) / 2;
    if (!Number.isNaN(between)) ratios[configuration].push(value(index) - between);
  });
  return ratios;
}

const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const squares = (values: readonly number[], around: number) =>
  sum(values.map((value) => (value - around) ** 2));
const freedomOf = (values: readonly number[]) => Math.max(0, values.length - 1);

/** How far one ratio lies from the true one (standard deviation), and how well that is known. */
function scatter(ratios: Ratios, configuration: Configuration) {
  const { none, audit, enforce } = ratios;
  const own = ratios[configuration];
  const freedom = none.length + freedomOf(audit) + freedomOf(enforce);
  // Against itself the host has the ratio 1.
  const all = squares(none, 0) + squares(audit, mean(audit)) + squares(enforce, mean(enforce));
  const pooled = freedom === 0 ? 0 : all / freedom;
  const alone = own.length < 2 ? 0 : squares(own, mean(own)) / freedomOf(own);
  // Blocks that scatter more than the others are not made better by them.
  return { deviation: Math.sqrt(Math.max(pooled, alone)), freedom };
}

/** Half the width of the interval, in logarithms. */
function halfWidth(ratios: Ratios, configuration: Configuration): number {
  const { deviation, freedom } = scatter(ratios, configuration);
  return (studentQuantile(freedom) * deviation) / Math.sqrt(ratios[configuration].length);
}

/** In logarithms: what is wider has no end that a number could tell. */
const WIDEST = 300;

export function compare(ratios: Ratios, configuration: Configuration): Comparison {
  const centre = mean(ratios[configuration]);
  const half = Math.min(WIDEST, halfWidth(ratios, configuration));
  return {
    ratio: Math.exp(centre),
    low: Math.exp(centre - half),
    high: Math.exp(centre + half),
  };
}

/** From so many blocks on ranks tell what stands out; of fewer even the clearest order comes about by chance. */
const FEW = 8;
/** One in a thousand, of a normal distribution. */
const RARELY = 3.29;

/**
 * Whether the ratios with the agent stand out from what the host does by itself, however its noise is distributed: by their ranks (Mann and
 * Whitney), and of few blocks each from each, by more than one ratio is off.
 */
function standsOut(ratios: Ratios, mode: AgentMode): boolean {
  const { none, [mode]: own } = ratios;
  if (own.length < FEW)
    return Math.min(...own) > Math.max(...none) + scatter(ratios, mode).deviation;
  const higher = own.flatMap((one) => none.filter((other) => one > other)).length;
  const pairs = own.length * none.length;
  const deviation = Math.sqrt((pairs * (own.length + none.length + 1)) / 12);
  return higher - pairs / 2 > RARELY * deviation;
}

/**
 * Beyond doubt above the limit: the whole interval is, and it stands out. A run compares some fifty ratios, and on a busy host the interval
 * alone would blame a good agent now and then.
 */
export const isAbove = (ratios: Ratios, mode: AgentMode, limit: number): boolean =>
  compare(ratios, mode).low > limit && standsOut(ratios, mode);

export const isWithin = (ratios: Ratios, mode: AgentMode, limit: number): boolean =>
  compare(ratios, mode).high <= limit;

/** The smallest slow-down that these blocks would have told from none, as a share. */
export const toldApart = (ratios: Ratios, mode: AgentMode): number =>
  Math.exp(halfWidth(ratios, mode)) - 1;

const MOST_BLOCKS = 1000;

/** How many blocks of each mode would tell on which side of the limit it is, by these; undefined for too many. */
export function blocksNeeded(ratios: Ratios, mode: AgentMode, limit: number): number | undefined {
  const { deviation } = scatter(ratios, mode);
  const margin = Math.abs(Math.log(limit) - mean(ratios[mode]));
  for (let each = ratios[mode].length + 1; each <= MOST_BLOCKS; each += 1) {
    // As blockOrder has them: 2n + 1 without the agent, of which all but the outer two are compared.
    const freedom = 2 * each - 1 + 2 * (each - 1);
    if ((studentQuantile(freedom) * deviation) / Math.sqrt(each) <= margin) return each;
  }
  return undefined;
}
