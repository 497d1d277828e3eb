import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  pass,
} from '../criteria/judgement.ts';
import type { Figure } from '../settings/thresholds.ts';

/** What a value is compared with. */
interface Limit {
  readonly limit: number;
  /** Of the value and of the limit: `ms`, `events`, `KiB`. */
  readonly unit: string;
}

/**
 * A value with the file, command or metric family that it was read from.
 * @param value undefined, NaN or infinite where there is none: whatever judges it is inconclusive then.
 */
export function figure(value: number | undefined, source: string): Figure {
  if (value !== undefined && Number.isFinite(value)) return { known: true, value, source };
  return { known: false, reason: `there is no value in ${source}`, source };
}

type Compare = (value: number, limit: number) => boolean;

const judgedBy =
  (words: string, holds: Compare) =>
  (measured: Figure, { limit, unit }: Limit): Judgement => {
    const compared: Measurement = { limit, unit, source: measured.source };
    if (!measured.known) return inconclusive(measured.reason, compared);
    const { value } = measured;
    const told = `${value} ${unit}, ${words} ${limit}`;
    return (holds(value, limit) ? pass : fail)(told, { value, ...compared });
  };

/** Passes where the value is the limit or less. Without a value: inconclusive. */
export const atMost = judgedBy('at most', (value, limit) => value <= limit);

/** Passes where the value is the limit or more. Without a value: inconclusive. */
export const atLeast = judgedBy('at least', (value, limit) => value >= limit);

/** Passes where the value is the limit. Without a value: inconclusive. */
export const equals = judgedBy('exactly', (value, limit) => value === limit);

/**
 * Passes where the list is empty, and tells its first entries where it is not.
 * @param entries undefined where it is not known whether there are any: inconclusive.
 * @param unit what they are, in the plural.
 */
export function none(
  entries: readonly string[] | undefined,
  { unit, source }: { readonly unit: string; readonly source: string },
): Judgement {
  const compared = { limit: 0, unit, source };
  if (entries === undefined)
    return inconclusive(`nobody knows of any ${unit} in ${source}`, compared);
  const value = entries.length;
  if (value === 0) return pass(`no ${unit}`, { value, ...compared });
  const more = value > SHOWN ? ` and ${value - SHOWN} more` : '';
  return fail(`${value} ${unit}: ${entries.slice(0, SHOWN).join('; ')}${more}`, {
    value,
    ...compared,
  });
}

/** The rest is in the source. */
const SHOWN = 5;
