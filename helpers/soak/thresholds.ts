import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import type { Limits, Measured, THRESHOLDS } from '../settings/thresholds.ts';
import { figuresOf } from './figures.ts';
import type { SoakResult } from './result.ts';

type Entry = (typeof THRESHOLDS)[number];

const HOURS_PER_DAY = 24;

/** Judges one threshold from a finished soak. No figure, or a soak that was cut short, is never a pass. */
export function judgeThreshold(threshold: Entry, soak: SoakResult, limits: Limits): Judgement {
  const { knob, unit } = threshold;
  const limit = limits[knob];
  const measured: Measured = threshold.measure(figuresOf(soak));
  if (!measured.known)
    return inconclusive(measured.reason, { limit, unit, source: measured.source });
  const { value, source, words } = measured;
  const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(6));
  const measurement = { value: rounded, limit, unit, source };
  const at = `measured ${soak.startedAt} to ${soak.endedAt}`;
  if (threshold.limit === 'lowest') {
    const text = `${words}, at least ${knob}=${limit} needed, ${at}`;
    return value < limit
      ? inconclusive(`${text}; run longer, or raise SOAK_RATE`, measurement)
      : pass(text, measurement);
  }
  const told = `${words}, limit ${knob}=${limit}`;
  if (value > limit) return fail(`${told}, ${at}`, measurement);
  // A highest limit is judged on a whole soak; one that ended early for another reason proves nothing.
  if (soak.endedEarly !== undefined)
    return inconclusive(
      `the soak ended after ${soak.measuredSeconds.toFixed(1)} s of ${soak.askedSeconds} s (${soak.endedEarly}), so this limit was not tested in full`,
      measurement,
    );
  if (measured.growsPerHour === undefined) return pass(`${told}, ${at}`, measurement);
  const { isAdvice } = measured;
  const days = limits.PLANNED_RESTART_DAYS;
  const hours = (limit - value) / measured.growsPerHour;
  const met = `${told}, met in ${lasting(hours)} at this pace`;
  if (!isAdvice && hours < days * HOURS_PER_DAY)
    return fail(`${met}, sooner than PLANNED_RESTART_DAYS=${days}, ${at}`, measurement);
  return pass(`${met}${isAdvice ? ', which is advice' : ''}, ${at}`, measurement);
}

function lasting(hours: number): string {
  if (hours < 1) return `${Math.ceil(hours * 60)} min`;
  return hours < 2 * HOURS_PER_DAY
    ? `${Math.round(hours)} h`
    : `${Math.round(hours / HOURS_PER_DAY)} days`;
}
