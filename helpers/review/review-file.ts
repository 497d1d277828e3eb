import { type Document, isMap, isSeq } from 'yaml';
import { z } from 'zod';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { readLocatedYaml } from '../files/located-yaml.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { type KnownEvent, oneOf, personsVerdict, words } from '../settings/known-events.ts';
import { REVIEWED_PHASES } from './recorded-groups.ts';

export const REVIEW_FILE = 'review.yaml';

/** One group of `review.yaml`; further keys are for people and stay as they are. */
const reviewEntry = z.object({
  group: z.string({ error: 'expected the group as the canary wrote it' }).min(1),
  phase: oneOf(REVIEWED_PHASES),
  ...personsVerdict,
  /** What enforce would do, in words, for whoever reviews. */
  inEnforce: z.string({ error: 'expected text' }).optional(),
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

/** The review as it stands, or in words why it cannot be read. */
export type ReviewState =
  | { readonly ok: true; readonly groups: readonly ReviewEntry[]; readonly document: Document }
  | { readonly ok: false; readonly reason: string };

/** How many problems of one file a message lists. */
const MOST_PROBLEMS = 5;

/** Reads `review.yaml` of a run. */
export function readReview(run: RunDirectory): ReviewState {
  if (!run.has(REVIEW_FILE))
    return {
      ok: false,
      reason: `there is no ${REVIEW_FILE} in ${run.finalPath()}; name the directory of a run that ended`,
    };
  let text: string;
  try {
    text = readRegularFile(run.file(REVIEW_FILE));
  } catch (error) {
    return { ok: false, reason: `${REVIEW_FILE} cannot be read: ${(error as Error).message}` };
  }
  const read = readLocatedYaml(REVIEW_FILE, text, review);
  if (read.ok) return { ok: true, groups: read.value.groups, document: read.document };
  const more = read.problems.length - MOST_PROBLEMS;
  const first = read.problems.slice(0, MOST_PROBLEMS).join('; ');
  return { ok: false, reason: more > 0 ? `${first}; and ${more} more` : first };
}

/** The text of an edited document: comments, order and further keys as the person left them. */
export const reviewText = (document: Document) => document.toString({ lineWidth: 0 });

/** What a person answers about one group. */
export type Answer = Pick<ReviewEntry, keyof typeof personsVerdict>;

/**
 * Writes one answer into `review.yaml`, whole or not at all. The file is read again before, so that
 * what somebody else wrote meanwhile stays, and so do comments, order and other entries.
 * @throws Error when the file cannot be read any more, or the entry is gone.
 */
export function writeAnswer(
  run: RunDirectory,
  entry: Pick<ReviewEntry, 'group' | 'phase'>,
  answer: Answer,
): void {
  const state = readReview(run);
  if (!state.ok) throw new Error(state.reason);
  const list = state.document.get('groups');
  const index = state.groups.findIndex(
    ({ group, phase }) => group === entry.group && phase === entry.phase,
  );
  const node = isSeq(list) ? list.items[index] : undefined;
  if (!isMap(node)) throw new Error(`${REVIEW_FILE} has no entry for ${entry.group} any more`);
  for (const [key, value] of Object.entries(answer)) node.set(key, value ?? null);
  run.writeText(REVIEW_FILE, reviewText(state.document));
}
