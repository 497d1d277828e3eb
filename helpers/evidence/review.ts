import { Document, parseDocument } from 'yaml';
import { z } from 'zod';
import type { DecisionGroup } from '../agent/decision-groups.ts';
import { fail, inconclusive, type Judgement, pass } from './judgement.ts';
import type { RunDirectory } from './run-directory.ts';

const REVIEW_FILE = 'review.yaml';

const HEADER = ` Decisions that the canary's own workload did not cause, one entry per group.
 For each, set verdict to legitimate or false-positive (it is pending until somebody did), a
 severity, and your name as reviewer. A false-positive of severity critical fails the canary until
 it is resolved: fix the policy or the agent and run again. Judge an edited review again with
   CANARY_RUN=<this directory> npx vitest run canary/5-exit-criteria`;

const entry = z.object({
  group: z.string(),
  phase: z.enum(['audit', 'enforce']),
  verdict: z.enum(['pending', 'legitimate', 'false-positive'], {
    error: 'expected pending, legitimate or false-positive',
  }),
  severity: z.enum(['critical', 'high', 'medium', 'low'], {
    error: 'expected critical, high, medium or low',
  }),
  note: z.string().nullable(),
  reviewer: z.string().nullable(),
  count: z.number().int(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  example: z.string(),
});

const review = z.object({ groups: z.array(entry) });

type ReviewEntry = z.output<typeof entry>;

/** The review as it stands, or in words why it cannot be read. */
type ReviewState =
  | { readonly ok: true; readonly groups: readonly ReviewEntry[] }
  | { readonly ok: false; readonly reason: string };

export function readReview(run: RunDirectory): ReviewState {
  if (!run.has(REVIEW_FILE))
    return { ok: false, reason: `there is no ${REVIEW_FILE} in ${run.path}` };
  const document = parseDocument(run.readText(REVIEW_FILE), { prettyErrors: true });
  const [broken] = document.errors;
  if (broken !== undefined) return { ok: false, reason: `${REVIEW_FILE}: ${broken.message}` };
  const parsed = review.safeParse(document.toJS());
  if (parsed.success) return { ok: true, groups: parsed.data.groups };
  const why = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return { ok: false, reason: `${REVIEW_FILE}: ${why.join('; ')}` };
}

/** A severity to start from: what would have been denied is worse than what was only seen. */
const firstSeverity = (group: DecisionGroup) => (group.action === 'AUDIT' ? 'high' : 'critical');

/**
 * Writes the groups of a phase into `review.yaml`. Entries that are there already keep what a
 * person wrote, and their order.
 */
export function writeReviewNotes(
  run: RunDirectory,
  phase: 'audit' | 'enforce',
  groups: readonly DecisionGroup[],
): void {
  const known = readReview(run);
  // What a person wrote is never replaced: a file that cannot be read stays, and is inconclusive.
  if (!known.ok && run.has(REVIEW_FILE)) return;
  const kept = known.ok ? known.groups : [];
  const fresh = groups.filter(
    ({ key }) => !kept.some((old) => old.group === key && old.phase === phase),
  );
  const added: ReviewEntry[] = fresh.map((group) => ({
    group: group.key,
    phase,
    verdict: 'pending',
    severity: firstSeverity(group),
    note: null,
    reviewer: null,
    count: group.count,
    firstSeen: group.firstSeen,
    lastSeen: group.lastSeen,
    example: JSON.stringify(group.samples[0] ?? {}),
  }));
  const document = new Document({ groups: [...kept, ...added] });
  document.commentBefore = HEADER;
  run.writeText(REVIEW_FILE, document.toString({ lineWidth: 0 }));
}

/** Judges the review: pending is inconclusive, an unresolved critical false positive fails. */
export function judgeReview(run: RunDirectory): Judgement {
  const state = readReview(run);
  const source = run.file(REVIEW_FILE);
  if (!state.ok) return inconclusive(state.reason, { source });
  const shown = (entries: readonly ReviewEntry[]) =>
    `${entries[0]?.group}${entries.length > 1 ? `, and ${entries.length - 1} more` : ''}`;
  const critical = state.groups.filter(
    ({ verdict, severity }) => verdict === 'false-positive' && severity === 'critical',
  );
  if (critical.length > 0) {
    return fail(
      `${critical.length} critical false positives are unresolved: ${shown(critical)}; fix the policy or the agent and run again`,
      {
        value: critical.length,
        limit: 0,
        unit: 'critical false positives',
        source,
      },
    );
  }
  const open = state.groups.filter(
    ({ verdict, reviewer }) => verdict === 'pending' || (reviewer ?? '').trim() === '',
  );
  if (open.length > 0) {
    return inconclusive(
      `${open.length} of ${state.groups.length} groups of decisions await a review (verdict and reviewer): ${shown(open)}; edit ${REVIEW_FILE}, then CANARY_RUN=${run.path} npx vitest run canary/5-exit-criteria`,
      { value: open.length, limit: 0, unit: 'groups to review', source },
    );
  }
  return pass(
    state.groups.length === 0
      ? 'the canary’s own workload caused every decision; there was nothing to review'
      : `${state.groups.length} groups reviewed, no critical false positive unresolved`,
    { value: 0, limit: 0, unit: 'groups to review', source },
  );
}
