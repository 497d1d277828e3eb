import { z } from 'zod';
import { type KnownEvent, oneOf, personsVerdict, words } from '../settings/known-events.ts';

/** One group of `review.yaml`; further keys are for people and stay as they are. */
const reviewEntry = z.object({
  group: z.string({ error: 'expected the group as the canary wrote it' }).min(1),
  phase: oneOf(['audit', 'enforce'] as const),
  ...personsVerdict,
  count: z.int({ error: 'expected a whole number' }),
  firstSeen: words,
  lastSeen: words,
});
export type ReviewEntry = z.output<typeof reviewEntry>;

export const review = z.object(
  { groups: z.array(reviewEntry, { error: 'expected a list of groups' }) },
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
