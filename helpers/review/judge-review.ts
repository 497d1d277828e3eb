import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { type KnownEvent, readKnownEvents } from '../settings/known-events.ts';
import { counted } from '../text/counted.ts';
import { ownCommand } from '../text/own-command.ts';
import { KNOWN_EVENTS_FILE, knownOf, unusedKnownEvents } from './known-events.ts';
import { lostNotes } from './lost-notes.ts';
import { entryKey, entryKeyOf, recordedGroups } from './recorded-groups.ts';
import { hasExpired, isSigned, REVIEW_FILE, type ReviewEntry, readReview } from './review-file.ts';

/** What an entry of the review amounts to. */
export type Standing = 'open' | 'expired' | 'unresolved' | 'settled';

/** True when a false positive was settled by name, date and a reason; accepted ones need an end. */
function isResolved(entry: ReviewEntry): boolean {
  if (!isSigned(entry) || (entry.note ?? '').trim() === '') return false;
  if (entry.resolution === 'resolved') return true;
  return entry.resolution === 'accepted' && typeof entry.expires === 'string';
}

/** What the entry amounts to today. An unresolved critical false positive needs no signature to count. */
export function standingOf(entry: ReviewEntry, now: Date): Standing {
  const expired = hasExpired(entry, now);
  const critical = entry.verdict === 'false-positive' && entry.severity === 'critical';
  if (critical && (expired || !isResolved(entry))) return 'unresolved';
  if (entry.verdict === 'pending' || !isSigned(entry)) return 'open';
  return expired ? 'expired' : 'settled';
}

const firstOf = (groups: readonly string[]) =>
  `${groups[0]}${groups.length > 1 ? `, and ${groups.length - 1} more` : ''}`;

/** Groups that were recorded and have no entry any more: a review is filled in, not cut down. */
async function withoutEntry(
  run: RunDirectory,
  entries: readonly ReviewEntry[],
): Promise<readonly string[]> {
  const reviewed = new Set(entries.map(entryKey));
  const lost: string[] = [];
  for await (const seen of recordedGroups(run)) {
    if (!reviewed.has(entryKeyOf(seen))) lost.push(seen.group);
  }
  return lost;
}

const howToJudgeAgain = (run: RunDirectory) =>
  `\`${ownCommand('review', run.finalPath())}\` asks for it, or edit ${REVIEW_FILE}; then CANARY_RUN=${run.finalPath()} npx vitest run canary/5-exit-criteria`;

/** What KNOWN_EVENTS did not do in this run, for the next one's file. */
function knownRemarks(run: RunDirectory, entries: readonly ReviewEntry[], now: Date): string {
  if (!run.has(KNOWN_EVENTS_FILE)) return '';
  const read = readKnownEvents(run.file(KNOWN_EVENTS_FILE));
  const remarks = read.ok
    ? unusedKnownEvents(
        read.events,
        entries.map(({ group }) => group),
        now,
      )
    : read.problems;
  return remarks.map((remark) => `; ${remark}`).join('');
}

/** An entry that nobody settled in the run itself, with what was said of its group elsewhere. */
export function answered(
  entry: ReviewEntry,
  elsewhere: readonly KnownEvent[],
  now: Date,
): ReviewEntry {
  const isOpen = ['open', 'expired'].includes(standingOf(entry, now));
  const { group: _group, ...said } = (isOpen && knownOf(entry.group, elsewhere, now)) || entry;
  return { ...entry, ...said };
}

/**
 * Judges the review: pending is inconclusive, an unresolved critical false positive fails.
 * @param elsewhere what a person said of groups outside of this run; it settles nothing that the run's own review did.
 */
export async function judgeReview(
  run: RunDirectory,
  now = new Date(),
  elsewhere: readonly KnownEvent[] = [],
): Promise<Judgement> {
  const source = run.finalPath(REVIEW_FILE);
  const read = readReview(run);
  if (!read.ok) return inconclusive(read.reason, { source });
  const state = { groups: read.groups.map((entry) => answered(entry, elsewhere, now)) };
  const measured = (value: number, unit: string) => ({ value, limit: 0, unit, source });
  const of = (standing: Standing) =>
    state.groups.filter((entry) => standingOf(entry, now) === standing).map(({ group }) => group);
  const unresolved = of('unresolved');
  if (unresolved.length > 0) {
    return fail(
      `unresolved critical false positives: ${unresolved.length} (${firstOf(unresolved)}); fix the policy or the agent and run again, or resolve them by name with a note`,
      measured(unresolved.length, 'critical false positives'),
    );
  }
  const vanished = await lostNotes(run);
  if (vanished !== undefined) return inconclusive(vanished, { source });
  const lost = await withoutEntry(run, state.groups);
  if (lost.length > 0) {
    return inconclusive(
      `${counted(lost.length, 'group')} of decisions without an entry in ${REVIEW_FILE}: ${firstOf(lost)}; put back the entries that the run wrote`,
      measured(lost.length, 'groups without an entry'),
    );
  }
  const expired = of('expired');
  const open = [...of('open'), ...expired];
  if (open.length > 0) {
    return inconclusive(
      `${open.length} of ${state.groups.length} groups of decisions await a review (verdict, reviewer and date)${expired.length > 0 ? `, ${expired.length} of them because it expired` : ''}${knownRemarks(run, state.groups, now)}: ${firstOf(open)}; ${howToJudgeAgain(run)}`,
      measured(open.length, 'groups to review'),
    );
  }
  const remarks = knownRemarks(run, state.groups, now);
  return pass(`${settledText(state.groups)}${remarks}`, measured(0, 'groups to review'));
}

function settledText(entries: readonly ReviewEntry[]): string {
  if (entries.length === 0)
    return "the canary's own workload caused every decision; there was nothing to review";
  const falsePositives = entries.filter(({ verdict }) => verdict === 'false-positive');
  const critical = falsePositives.filter(({ severity }) => severity === 'critical');
  const resolved = critical.map(
    ({ group, resolution, reviewer }) => `${group} ${resolution} by ${reviewer}`,
  );
  return [
    `${counted(entries.length, 'group')} reviewed, all critical false positives resolved`,
    `${entries.length - falsePositives.length} legitimate, ${falsePositives.length} false positives`,
    ...resolved,
  ].join('; ');
}
