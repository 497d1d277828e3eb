import type { RunDirectory } from '../evidence/run-directory.ts';
import { standingOf } from './judge-review.ts';
import { type RecordedGroup, recordedGroups } from './recorded-groups.ts';
import type { ReviewEntry } from './review-entry.ts';
import { tailGroup } from './review-notes.ts';

/** An entry that still needs somebody, with what was seen of it. */
export interface OpenGroup {
  readonly entry: ReviewEntry;
  /** The recorded groups behind it: one, or the first of a tail. */
  readonly seen: readonly RecordedGroup[];
}

/** Groups of a tail that are shown. */
const MOST_SEEN = 10;

/** Everything of a review that is not settled, in its order, with the evidence of each. */
export async function openGroups(
  run: RunDirectory,
  entries: readonly ReviewEntry[],
  now: Date,
): Promise<readonly OpenGroup[]> {
  const open = entries.filter((entry) => standingOf(entry, now) !== 'settled');
  const seen = new Map(
    open.map(({ phase, group }) => [`${phase} ${group}`, [] as RecordedGroup[]]),
  );
  for await (const group of recordedGroups(run)) {
    const name = group.folded ? tailGroup(group.phase) : group.group;
    const recorded = seen.get(`${group.phase} ${name}`);
    if (recorded !== undefined && recorded.length < MOST_SEEN) recorded.push(group);
  }
  return open.map((entry) => ({ entry, seen: seen.get(`${entry.phase} ${entry.group}`) ?? [] }));
}
