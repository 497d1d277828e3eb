import { isMap, isSeq } from 'yaml';
import type { RunDirectory } from '../evidence/run-directory.ts';
import type { ReviewEntry } from './review-entry.ts';
import { REVIEW_FILE, readReview, reviewText } from './review-file.ts';

/** What a person answers about one group. */
export type Answer = Pick<
  ReviewEntry,
  'verdict' | 'severity' | 'resolution' | 'note' | 'reviewer' | 'date' | 'expires'
>;

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
