import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  NotApplicable,
  pass,
} from '../criteria/judgement.ts';
import {
  type Against,
  blocksNeeded,
  compare,
  FEWEST,
  isAbove,
  isWithin,
  type Ratios,
  toldApart,
} from './ratios.ts';
import type { JudgedRatio } from './result.ts';
import { CONFIDENCE } from './student.ts';

/** One figure of a piece of work, and what came of its comparison. */
export interface Compared {
  readonly judged: JudgedRatio;
  readonly ratios: Ratios;
  readonly against: Against;
  /** A piece passes when these are within the limit; the others only fail it, all of them together. */
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
  against: Against = 'none',
): Compared {
  const { mode } = what;
  const verdict = isAbove(ratios, mode, limit, against)
    ? 'above'
    : isWithin(ratios, mode, limit, against)
      ? 'within'
      : 'too noisy to tell';
  const noise = compare(ratios, 'none');
  const judged = { ...what, ...compare(ratios, mode, against), noise, limit, verdict } as const;
  return { judged, ratios, against, decides };
}

/**
 * Whether a figure says beyond doubt that its piece is above the limit. A mean, and what one in a hundred takes, are thrown far off by a
 * single pause of a busy host: alone neither shows anything.
 */
export const isSurelyAbove = (one: Compared, ofPiece: readonly Compared[]): boolean =>
  one.judged.verdict === 'above' &&
  (one.decides || ofPiece.every(({ decides, judged }) => decides || judged.verdict === 'above'));

/** A share in words; of what is many times the whole only that. */
export const percent = (share: number): string =>
  share > 10 ? 'many times' : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

const rounded = (value: number) => value.toFixed(value < 10 ? 3 : 0);
/** Wider than this it tells nothing, and its ends are unreadable. */
const WIDEST = 10_000;

/** What the ratio is of, and the knob that sets a limit for it. */
const TERMS = {
  none: { unit: 'with/without', knob: 'COST_MAX_RATIO', more: 'a slow-down' },
  previous: { unit: 'candidate/previous', knob: 'PREVIOUS_MAX_RATIO', more: 'a difference' },
} as const;

const words = ({ judged: { figure, ratio, low, high }, against }: Compared) =>
  `${figure} ${TERMS[against].unit} ${rounded(ratio)} (${high / low > WIDEST ? 'too few blocks for an interval' : `${rounded(low)} to ${rounded(high)}`})`;

function limitWords({ value, isOperators }: CostLimit, against: Against): string {
  const { knob } = TERMS[against];
  return isOperators ? `limit ${knob}=${value}` : `limit ${value} (${knob} sets another)`;
}

function untold({ judged, ratios, against }: Compared, secondsEach: number): string {
  const { mode, limit } = judged;
  const { length } = ratios[mode];
  if (length < FEWEST)
    return `too few blocks to tell: ${length < 2 ? 'a single one has no interval' : 'two stand out by chance'}; set COST_BLOCKS=4`;
  const needed = blocksNeeded(ratios, mode, limit, against);
  const more =
    needed === undefined
      ? 'more than 1000 blocks would be needed'
      : `COST_BLOCKS=${needed}, some ${Math.ceil((needed * secondsEach) / 60)} min, would be enough`;
  return `this host is too noisy to tell: ${TERMS[against].more} of ${percent(toldApart(ratios, mode, against))} could have been detected; ${more}`;
}

/**
 * One piece of work in one mode, or one figure against the previous version. What a noisy host cannot tell counts against a run only where the operator set the limit.
 * @param secondsEach what one block of each takes, with those without the agent.
 * @throws NotApplicable for a default limit, where the host is too noisy to tell.
 */
export function judgeCost(
  all: readonly Compared[],
  limit: CostLimit,
  secondsEach: number,
  measured: Measurement,
): Judgement {
  const deciding = all.filter(({ decides }) => decides);
  const above = all.find((one) => isSurelyAbove(one, all));
  const open =
    deciding.find(({ judged }) => judged.verdict !== 'within') ??
    all.find(({ judged }) => judged.verdict === 'above');
  const told = above ?? open ?? deciding[0];
  if (told === undefined) return inconclusive('nothing was compared', measured);
  const others = all.filter((one) => one !== told).map(words);
  const text = [`${words(told)}, ${limitWords(limit, told.against)}`, ...others].join('; ');
  const value = Number(told.judged.ratio.toFixed(3));
  const figures = { ...measured, value, limit: limit.value, unit: TERMS[told.against].unit };
  if (above !== undefined) return fail(`${text}; intervals of ${CONFIDENCE}`, figures);
  if (open === undefined) return pass(text, figures);
  const unknown = `${untold(open, secondsEach)}. ${text}`;
  if (limit.isOperators) return inconclusive(unknown, figures);
  throw new NotApplicable(unknown);
}
