import { FOLDED } from '../agent/stream/decision-groups.ts';
import { readLocatedYaml } from '../files/located-yaml.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { hasExpired, isSigned, type KnownEvent, knownEvents } from './review-entry.ts';

/** What KNOWN_EVENTS named, as it was when the run began. */
export const KNOWN_EVENTS_FILE = 'known-events.yaml';

/** Groups that somebody judged for an earlier release, or in words why the file cannot be used. */
export type KnownEventsState =
  | { readonly ok: true; readonly events: readonly KnownEvent[] }
  | { readonly ok: false; readonly problems: readonly string[] };

const opinion = ({ verdict, severity, resolution }: KnownEvent) =>
  [verdict, severity, resolution ?? ''].join(' ');

/** Two verdicts on one group would let the order of the file decide. */
function contradictions(events: readonly KnownEvent[]): string[] {
  const first = new Map<string, string>();
  return events.flatMap((event) => {
    const before = first.get(event.group) ?? opinion(event);
    first.set(event.group, before);
    return before === opinion(event)
      ? []
      : [`the group ${event.group} is there as ${before} and as ${opinion(event)}`];
  });
}

/** Reads what KNOWN_EVENTS names: a former run's `review.yaml`, or a file kept like one. */
export function readKnownEvents(path: string): KnownEventsState {
  let text: string;
  try {
    text = readRegularFile(path);
  } catch (error) {
    return { ok: false, problems: [(error as Error).message] };
  }
  const read = readLocatedYaml(path, text, knownEvents);
  if (!read.ok) return read;
  const judged = read.value.groups.filter(({ verdict }) => verdict !== 'pending');
  const problems = contradictions(judged).map((problem) => `${path}: ${problem}`);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, events: judged };
}

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
  const told = (events: readonly KnownEvent[], what: string) =>
    events.length === 0
      ? []
      : [
          `${events.length} known event${events.length === 1 ? '' : 's'} ${what}: ${events
            .slice(0, 3)
            .map(({ group }) => group)
            .join(', ')}${events.length > 3 ? ', …' : ''}`,
        ];
  const present = known.filter(({ group }) => there.has(group));
  return [
    ...told(
      present.filter((one) => hasExpired(one, now)),
      'expired and must be judged again',
    ),
    ...told(
      present.filter((one) => !isSigned(one)),
      'had no reviewer and date, and did not count',
    ),
    ...told(
      known.filter(({ group }) => !there.has(group)),
      'matched nothing in this run',
    ),
  ];
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
