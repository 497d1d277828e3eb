import { compare, figuresOf, isAbove, isWithin, type Measured } from '../cost/ratios.ts';
import { CONFIDENCE } from '../cost/student.ts';
import {
  fail,
  type Judgement,
  type Measurement,
  NotApplicable,
  pass,
} from '../criteria/judgement.ts';

/** Which policy was in force. */
export type Rules = 'few' | 'many';

/** Opens of one moment, with few rules in force or with many. */
export interface TimedOpens {
  readonly rules: Rules;
  /** What one took that nothing disturbed, divided by such a look at a file: what makes the whole host slow hits both alike. */
  readonly free: number;
  readonly denied: number;
  /** What a call of the file hook took meanwhile, in ns by the agent's own clock; undefined where it tells nothing. */
  readonly hook?: number | undefined;
}

/** The agent finds a rule by a hash table, and promises the same time for 100 and for 10,000 (docs/agent-contract.md §9.5). */
const LIMIT = 2;

const FIGURES = [
  { words: 'an open of a denied file', of: 'denied', decides: true },
  { words: 'an open of a free file', of: 'free', decides: true },
  { words: 'a call of the file hook, by the agent’s own clock,', of: 'hook', decides: false },
] as const;

/**
 * With many rules each open takes what it takes with few.
 * @throws NotApplicable where the host's noise hides it.
 */
export function judgeDecisionTimes(
  timed: readonly TimedOpens[],
  measurement: Measurement,
): Judgement {
  const figures = FIGURES.flatMap(({ words, of, decides }) => {
    // As the cost phase compares a candidate with the version before it.
    const measured: Measured[] = timed.map((one) => ({
      configuration: one.rules === 'many' ? 'enforce' : 'previous',
      value: one[of] ?? Number.NaN,
    }));
    const ratios = figuresOf(measured);
    if (ratios.enforce.length === 0 || ratios.previous.length === 0) return [];
    const { ratio, low, high } = compare(ratios, 'enforce', 'previous');
    return {
      ...{ decides, ratio },
      isAbove: isAbove(ratios, 'enforce', LIMIT, 'previous'),
      isWithin: isWithin(ratios, 'enforce', LIMIT, 'previous'),
      text: `${words} took ${rounded(ratio)} times as long (${rounded(low)} to ${rounded(high)})`,
    };
  });
  const above = figures.filter((one) => one.isAbove);
  const open = figures.filter((one) => one.decides && !one.isWithin);
  const [told] = [...above, ...open, ...figures];
  const text = `with many rules ${figures.map((one) => one.text).join(', ')}; limit ${LIMIT}`;
  const value = Number(told?.ratio.toFixed(3) ?? Number.NaN);
  const measured = { ...measurement, value, limit: LIMIT, unit: 'many/few rules' };
  if (above.length > 0) return fail(`${text}; intervals of ${CONFIDENCE}`, measured);
  if (open.length > 0 || figures.length === 0)
    throw new NotApplicable(`this host is too noisy to tell: ${text}; intervals of ${CONFIDENCE}`);
  return pass(text, measured);
}

const rounded = (value: number) => value.toFixed(2);
