import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  NotApplicable,
  pass,
} from '../criteria/judgement.ts';
import type { AgentMode } from './order.ts';
import { blocksNeeded, compare, isAbove, isWithin, type Ratios, toldApart } from './ratios.ts';
import type { JudgedRatio } from './result.ts';
import { CONFIDENCE } from './student.ts';

/** One figure of a piece of work, and what came of its comparison. */
export interface Compared {
  readonly judged: JudgedRatio;
  readonly ratios: Ratios;
  /** A piece passes when these are within the limit; others only fail it. */
  readonly decides: boolean;
}

/** What a ratio is held against, and who says so. */
export interface CostLimit {
  readonly value: number;
  readonly isOperators: boolean;
}

export function compared(
  what: Pick<JudgedRatio, 'piece' | 'mode' | 'figure'>,
  ratios: Ratios,
  limit: number,
  decides: boolean,
): Compared {
  const { mode } = what;
  const verdict = isAbove(ratios, mode, limit)
    ? 'above'
    : isWithin(ratios, mode, limit)
      ? 'within'
      : 'cannot be told';
  const noise = compare(ratios, 'none');
  return {
    judged: { ...what, ...compare(ratios, mode), noise, limit, verdict },
    ratios,
    decides,
  };
}

/** A share in words; of what is many times the whole only that. */
export const percent = (share: number): string =>
  share > 10 ? 'many times' : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

const rounded = (value: number) => value.toFixed(value < 10 ? 3 : 0);
/** Wider than this it tells nothing, and its ends are unreadable. */
const WIDEST = 10_000;

const words = ({ judged: { figure, ratio, low, high } }: Compared) =>
  `${figure} with/without ${rounded(ratio)} (${high / low > WIDEST ? 'too few blocks for an interval' : `${rounded(low)} to ${rounded(high)}`})`;

const limitWords = ({ value, isOperators }: CostLimit) =>
  isOperators ? `limit COST_MAX_RATIO=${value}` : `limit ${value} (COST_MAX_RATIO sets another)`;

function untold({ judged, ratios }: Compared, mode: AgentMode, secondsEach: number): string {
  if (ratios[mode].length < 2) return 'a single block tells nothing apart; set COST_BLOCKS=4';
  const needed = blocksNeeded(ratios, mode, judged.limit);
  const more =
    needed === undefined
      ? 'more than 1000 blocks would be needed'
      : `COST_BLOCKS=${needed}, some ${Math.ceil((needed * secondsEach) / 60)} min, would tell`;
  return `a slow-down of ${percent(toldApart(ratios, mode))} could have been told apart; ${more}`;
}

/**
 * One piece of work in one mode. What cannot be told on this host counts against a run only where the operator set the limit.
 * @param secondsEach what a block of both modes takes, with those without the agent.
 * @throws NotApplicable for a default limit that cannot be told.
 */
export function judgeCost(
  all: readonly Compared[],
  mode: AgentMode,
  limit: CostLimit,
  secondsEach: number,
  measured: Measurement,
): Judgement {
  const deciding = all.filter(({ decides }) => decides);
  const above = all.find(({ judged }) => judged.verdict === 'above');
  const open = deciding.find(({ judged }) => judged.verdict !== 'within');
  const told = above ?? open ?? deciding[0];
  if (told === undefined) return inconclusive('nothing was compared', measured);
  const others = all.filter((one) => one !== told).map(words);
  const text = [`${words(told)}, ${limitWords(limit)}`, ...others].join('; ');
  const value = Number(told.judged.ratio.toFixed(3));
  const figures = { ...measured, value, limit: limit.value, unit: 'with/without' };
  if (above !== undefined) return fail(`${text}; intervals of ${CONFIDENCE}`, figures);
  if (open === undefined) return pass(text, figures);
  const unknown = `cannot be told on this host: ${untold(open, mode, secondsEach)}. ${text}`;
  if (limit.isOperators) return inconclusive(unknown, figures);
  throw new NotApplicable(unknown);
}
