import type { Document } from 'yaml';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { readLocatedYaml } from '../files/located-yaml.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { type ReviewEntry, review } from './review-entry.ts';

export const REVIEW_FILE = 'review.yaml';

/** The review as it stands, or in words why it cannot be read. */
export type ReviewState =
  | { readonly ok: true; readonly groups: readonly ReviewEntry[]; readonly document: Document }
  | { readonly ok: false; readonly reason: string };

/** How many problems of one file a message lists. */
const MOST_PROBLEMS = 5;

/** Problems of a file that a person edits, in one text. */
function problemsText(problems: readonly string[]): string {
  const more = problems.length - MOST_PROBLEMS;
  const first = problems.slice(0, MOST_PROBLEMS).join('; ');
  return more > 0 ? `${first}; and ${more} more` : first;
}

/** Reads `review.yaml` of a run. */
export function readReview(run: RunDirectory): ReviewState {
  if (!run.has(REVIEW_FILE))
    return { ok: false, reason: `there is no ${REVIEW_FILE} in ${run.finalPath()}` };
  let text: string;
  try {
    text = readRegularFile(run.file(REVIEW_FILE));
  } catch (error) {
    return { ok: false, reason: `${REVIEW_FILE} cannot be read: ${(error as Error).message}` };
  }
  const read = readLocatedYaml(REVIEW_FILE, text, review);
  return read.ok
    ? { ok: true, groups: read.value.groups, document: read.document }
    : { ok: false, reason: problemsText(read.problems) };
}

/** The text of an edited document: comments, order and further keys as the person left them. */
export const reviewText = (document: Document) => document.toString({ lineWidth: 0 });
