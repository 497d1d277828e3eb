import type { EventLog } from '../../agent/stream/event-log.ts';
import { inconclusive, type Judgement, pass } from '../../criteria/judgement.ts';
import type { DeniedFiles } from '../../review/denied-files.ts';
import { lostNotes } from '../../review/lost-notes.ts';
import type { ReviewedPhase } from '../../review/recorded-groups.ts';
import { reviewGroups, type Workloads } from '../../review/review-groups.ts';
import { writeReviewNotes } from '../../review/review-notes.ts';
import type { CanaryRun } from '../canary-run.ts';
import { nothingTold } from './decision.ts';

/**
 * Groups what our own workload did not cause into the review file, whatever it is on.
 * @param lives every stream of the candidate in this phase; the first must tell of our own decisions.
 * @param workloads that ran in control groups of ours meanwhile.
 */
export async function reviewNotes(
  { directory, settings }: CanaryRun,
  phase: ReviewedPhase,
  lives: readonly EventLog[],
  files: DeniedFiles,
  workloads?: Workloads,
): Promise<Judgement> {
  const decisions = lives.flatMap((events) => events.hostDecisions());
  const groups = reviewGroups(decisions, files, workloads);
  // Looked at before: what is written now would hide that something is gone.
  const lost = await lostNotes(directory);
  const { known } = writeReviewNotes(directory, {
    ...{ phase, groups, known: settings.knownEvents },
    ...{ enforceSignal: settings.ENFORCE_SIGNAL, workloadUnit: settings.WORKLOAD_UNIT },
    now: new Date(),
  });
  const measured = { value: groups.length, unit: 'groups', source: 'review.yaml' };
  // Written all the same: what did arrive is for a person to see.
  if (lost !== undefined) return inconclusive(lost, measured);
  if (lives[0]?.toldOfOurs !== true) throw nothingTold(phase);
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  return pass(
    total === 0
      ? "no decision besides the canary's own"
      : `${total} decisions of others in ${groups.length} groups, ${known} of them judged before`,
    measured,
  );
}
