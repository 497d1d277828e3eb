import type { RunDirectory } from '../evidence/run-directory.ts';
import { GROUPS_FILE, REVIEWED_PHASES, recordedGroups } from './recorded-groups.ts';
import { REVIEW_FILE } from './review-file.ts';

/**
 * What the notes of a phase recorded and is no longer there, in words: a review that vanished would look
 * like one that has nothing to review. Each phase's record tells how many groups it wrote.
 */
export async function lostNotes(run: RunDirectory): Promise<string | undefined> {
  const records = run.criteria();
  const told = REVIEWED_PHASES.flatMap((phase) => {
    const { value: groups, unit } = records.get(`${phase}.review-notes`) ?? {};
    return typeof groups === 'number' && unit === 'groups' ? [{ phase, groups }] : [];
  });
  if (told.length === 0) return undefined;
  const held = new Map<string, number>();
  try {
    for await (const { phase } of recordedGroups(run)) held.set(phase, (held.get(phase) ?? 0) + 1);
  } catch (error) {
    return (error as Error).message;
  }
  const less = told.flatMap(({ phase, groups }) => {
    const left = held.get(phase) ?? 0;
    return left < groups
      ? [
          `${GROUPS_FILE} holds ${left} groups of the ${phase} phase, and its notes recorded ${groups}`,
        ]
      : [];
  });
  const noReview = run.has(REVIEW_FILE)
    ? []
    : [`${REVIEW_FILE} is gone, and the ${told[0]?.phase} phase wrote it`];
  const lost = [...noReview, ...less];
  return lost.length === 0 ? undefined : `${lost.join('; ')}: what is missing cannot be reviewed`;
}
