import { z } from 'zod';

export const VERDICTS = ['pending', 'legitimate', 'false-positive'] as const;
export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export const RESOLUTIONS = ['resolved', 'accepted'] as const;

const oneOf = <const T extends readonly string[]>(words: T) =>
  z.enum(words, { error: `expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}` });
const day = z.iso.date({ error: 'expected a day as YYYY-MM-DD' });
const words = z.string({ error: 'expected text' });

/** What a person writes about a group of decisions. */
const judgement = {
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

/** One group of `review.yaml`; further keys are for people and stay as they are. */
export const reviewEntry = z.object({
  group: z.string({ error: 'expected the group as the canary wrote it' }).min(1),
  phase: oneOf(['audit', 'enforce'] as const),
  ...judgement,
  count: z.int({ error: 'expected a whole number' }),
  firstSeen: words,
  lastSeen: words,
});
export type ReviewEntry = z.output<typeof reviewEntry>;

export const review = z.object(
  { groups: z.array(reviewEntry, { error: 'expected a list of groups' }) },
  { error: 'expected `groups:` with a list below' },
);

/** An entry of KNOWN_EVENTS; a former run's `review.yaml` is made of such entries and more. */
export const knownEvent = z.object({
  group: z.string({ error: 'expected the group as a review.yaml names it' }).min(1),
  ...judgement,
});
export type KnownEvent = z.output<typeof knownEvent>;

export const knownEvents = z.object(
  { groups: z.array(knownEvent, { error: 'expected a list of groups' }) },
  { error: 'expected `groups:` with a list below' },
);

/** True when somebody signed the verdict with name and date. */
export function isSigned({ reviewer, date }: Pick<KnownEvent, 'reviewer' | 'date'>): boolean {
  return (reviewer ?? '').trim() !== '' && date !== null && date !== undefined;
}

/** True behind the last day on which the review holds; days are UTC's. */
export function hasExpired({ expires }: Pick<KnownEvent, 'expires'>, now: Date): boolean {
  return expires !== null && expires !== undefined && now.toISOString().slice(0, 10) > expires;
}
