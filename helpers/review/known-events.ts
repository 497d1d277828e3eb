import { FOLDED } from '../agent/stream/decision-groups.ts';
import type { KnownEvent } from '../settings/known-events.ts';
import { counted } from '../text/counted.ts';
import { hasExpired, isSigned } from './review-file.ts';

/** What KNOWN_EVENTS named, as it was when the run began. */
export const KNOWN_EVENTS_FILE = 'known-events.yaml';

/**
 * What is to be told of verdicts that did nothing in this run: some have expired, some were never
 * signed, and some match no group any more.
 */
export function unusedKnownEvents(
  known: readonly KnownEvent[],
  groups: readonly string[],
  now: Date,
): readonly string[] {
  const there = new Set(groups);
  const present = known.filter(({ group }) => there.has(group));
  const told: Readonly<Record<string, readonly KnownEvent[]>> = {
    'expired and must be judged again': present.filter((one) => hasExpired(one, now)),
    'had no reviewer and date, and did not count': present.filter((one) => !isSigned(one)),
    'matched nothing in this run': known.filter(({ group }) => !there.has(group)),
  };
  return Object.entries(told).flatMap(([what, events]) => {
    const names = events.slice(0, 3).map(({ group }) => group);
    const which = `${names.join(', ')}${events.length > 3 ? ', …' : ''}`;
    return events.length === 0
      ? []
      : [`${counted(events.length, 'known event')} ${what}: ${which}`];
  });
}

/** What an earlier review says of a group now: matched by the group alone, never by its count. */
export function knownOf(
  group: string,
  known: readonly KnownEvent[],
  now: Date,
): KnownEvent | undefined {
  // The rest that had no group of its own: another release's rest is something else.
  if (group === FOLDED) return undefined;
  return known.find((one) => one.group === group && isSigned(one) && !hasExpired(one, now));
}
