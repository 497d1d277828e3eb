import type { Settings } from './settings.ts';

const FIRST_RATE = 500;
/** Each step asks for this much more than the one before. */
const FACTOR = 1.5;

/** Opens per second that the headroom probe asks for, step by step. */
export function headroomRates({
  HEADROOM_MAX_RATE,
}: Pick<Settings, 'HEADROOM_MAX_RATE'>): readonly number[] {
  const rates: number[] = [];
  for (let rate = FIRST_RATE; rate <= HEADROOM_MAX_RATE; rate = Math.round(rate * FACTOR))
    rates.push(rate);
  return rates;
}
