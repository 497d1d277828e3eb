import { z } from 'zod';
import { readLocatedYaml } from '../files/located-yaml.ts';
import { readRegularFile } from '../files/regular-file.ts';

const VERDICTS = ['pending', 'legitimate', 'false-positive'] as const;
export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
const RESOLUTIONS = ['resolved', 'accepted'] as const;

export const oneOf = <const T extends readonly string[]>(words: T) =>
  z.enum(words, { error: `expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}` });
const day = z.iso.date({ error: 'expected a day as YYYY-MM-DD' });
export const words = z.string({ error: 'expected text' });

/** What a person writes about a group of decisions. */
export const personsVerdict = {
  verdict: oneOf(VERDICTS),
  severity: oneOf(SEVERITIES),
  /** Of a false positive: `resolved` in the host or program, or `accepted` until `expires`. */
  resolution: oneOf(RESOLUTIONS).nullish(),
  note: words.nullish(),
  reviewer: words.nullish(),
  /** When it was reviewed, YYYY-MM-DD. */
  date: day.nullish(),
  /** Last day on which the review holds, YYYY-MM-DD; it holds for ever without one. */
  expires: day.nullish(),
};

/** An entry of KNOWN_EVENTS; a former run's `review.yaml` is made of such entries and more. */
const knownEvent = z.object({
  group: z.string({ error: 'expected the group as a review.yaml names it' }).min(1),
  ...personsVerdict,
});
export type KnownEvent = z.output<typeof knownEvent>;

const knownEvents = z.object(
  { groups: z.array(knownEvent, { error: 'expected a list of groups' }) },
  { error: 'expected `groups:` with a list below' },
);

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
