import { Document, isSeq } from 'yaml';
import type { RunDirectory } from '../evidence/run-directory.ts';
import type { KnownEvent } from '../settings/known-events.ts';
import { ownCommand } from '../text/own-command.ts';
import { unitOf } from './cgroup-unit.ts';
import { knownOf } from './known-events.ts';
import {
  type ReviewedPhase,
  type ReviewGroup,
  recordGroups,
  tailGroup,
} from './recorded-groups.ts';
import type { ReviewEntry } from './review-file.ts';
import { REVIEW_FILE, readReview, reviewText } from './review-file.ts';
import { firstOf, inEnforce, lastOf, workloadOf } from './review-groups.ts';

const HEADER = ` Decisions that the canary's own workload did not cause, one entry a group. For each, write
   verdict:    legitimate or false-positive (pending until somebody has decided)
   severity:   critical, high, medium or low
   reviewer:   your name, and date: the day, YYYY-MM-DD; without both it counts as pending
   note:       why, for whoever reads the ticket
   expires:    the last day on which this is valid; null for no end
   resolution: of a false positive: resolved (the host or the program was changed, the note says
               how) or accepted (until the day in expires)
 A critical false positive without a resolution fails the canary: fix the policy or the agent and
 run again. \`${ownCommand('review', 'RUN_DIRECTORY')}\` asks for all of this; or edit here, and judge again with
   CANARY_RUN=RUN_DIRECTORY npx vitest run canary/5-exit-criteria
 The next release starts from these verdicts with KNOWN_EVENTS=RUN_DIRECTORY/${REVIEW_FILE}`;

/** Groups of a phase that have an entry each; the long tail behind them has one together. */
const MOST_ENTRIES = 200;

interface Options {
  readonly phase: ReviewedPhase;
  readonly groups: readonly ReviewGroup[];
  /** Verdicts that are carried over from an earlier release. */
  readonly known: readonly KnownEvent[];
  readonly enforceSignal: string;
  /** WORKLOAD_UNIT, whose decisions are told as such, and first. */
  readonly workloadUnit?: string | undefined;
  readonly now: Date;
}

/** What is called so in the review: a workload with a control group of ours, or the unit of the operator's. */
const workloadIn = (group: ReviewGroup, { workloadUnit }: Options): string | undefined =>
  workloadOf(group) ??
  (workloadUnit !== undefined && group.unit === unitOf(workloadUnit) ? 'WORKLOAD_UNIT' : undefined);

/** A severity to start from: what was denied is worse than what was only seen. */
const firstSeverity = ({ action }: { readonly action: string }) =>
  action === 'AUDIT' ? ('high' as const) : ('critical' as const);

const judgedBefore = ({ verdict, severity, ...rest }: Omit<KnownEvent, 'group'>) => ({
  verdict,
  severity,
  resolution: rest.resolution ?? null,
  note: rest.note ?? null,
  reviewer: rest.reviewer ?? null,
  date: rest.date ?? null,
  expires: rest.expires ?? null,
});

const notJudged = (severity: ReviewEntry['severity']) =>
  judgedBefore({ verdict: 'pending', severity });

function entryOf(group: ReviewGroup, options: Options) {
  const known = knownOf(group.group, options.known, options.now);
  const { process, parent } = group;
  return {
    group: group.group,
    phase: options.phase,
    ...(known === undefined ? notJudged(firstSeverity(group)) : judgedBefore(known)),
    ...(known === undefined ? {} : { known: true }),
    workload: workloadIn(group, options),
    count: group.count,
    firstSeen: group.firstSeen,
    lastSeen: group.lastSeen,
    inEnforce: inEnforce(group, options.enforceSignal),
    // YAML leaves out what is undefined.
    executable: process?.executable,
    commandLine: process?.commandLine,
    startedBy: parent?.commandLine,
    example: JSON.stringify(group.examples[0] ?? {}),
  };
}

/** One entry for what is too much to list; its groups stand in decision-groups.ndjson. */
function tailEntry(tail: readonly ReviewGroup[], { phase }: Options) {
  return {
    group: tailGroup(phase),
    phase,
    ...notJudged(phase === 'audit' ? 'high' : 'critical'),
    count: tail.reduce((sum, group) => sum + group.count, 0),
    groups: tail.length,
    firstSeen: firstOf(tail.map((one) => one.firstSeen)),
    lastSeen: lastOf(tail.map((one) => one.lastSeen)),
    inEnforce: `${tail.length} groups with fewer decisions each; they stand in decision-groups.ndjson with folded: true`,
    example: tail[0]?.group ?? '',
  };
}

interface Told {
  readonly count: number;
  readonly inEnforce: string;
  readonly known?: boolean;
  readonly workload?: string | undefined;
}

function comment(entry: Told) {
  const on = entry.workload === undefined ? '' : ` on ${entry.workload}`;
  const known = entry.known === true ? ', judged before (KNOWN_EVENTS)' : '';
  return ` ${entry.count.toLocaleString('en')} decisions${on}${known}; each ${entry.inEnforce}`;
}

/** The existing review, or a new one. */
function documentOf(run: RunDirectory): { document: Document; kept: readonly ReviewEntry[] } {
  const state = readReview(run);
  if (state.ok) return { document: state.document, kept: state.groups };
  const document = new Document({ groups: [] });
  document.commentBefore = HEADER;
  return { document, kept: [] };
}

/**
 * Adds the groups of a phase to `review.yaml`. What is there already stays as a person left it:
 * every entry, its order, its comments. What is judged already stands behind what is not.
 * @returns the entries that this phase has, and how many of them are judged already.
 */
export function writeReviewNotes(
  run: RunDirectory,
  options: Options,
): { readonly entries: number; readonly known: number } {
  const { phase, groups, known, now } = options;
  const isKnown = ({ group }: ReviewGroup) => knownOf(group, known, now) !== undefined;
  const judged = groups.filter(isKnown);
  const isOurs = (group: ReviewGroup) => Number(workloadIn(group, options) !== undefined);
  // What hurts what people need is never part of the tail.
  const open = groups
    .filter((group) => !isKnown(group))
    .toSorted((one, other) => isOurs(other) - isOurs(one));
  const tail = open.length > MOST_ENTRIES + 1 ? open.slice(MOST_ENTRIES) : [];
  const folded = new Set(tail);
  recordGroups(
    run,
    phase,
    groups.map((group) => ({ ...group, folded: folded.has(group) })),
  );
  const listed = [...open.filter((group) => !folded.has(group)), ...judged];
  const entries = [
    ...listed.map((group) => entryOf(group, options)),
    ...(tail.length > 0 ? [tailEntry(tail, options)] : []),
  ];
  const counted = { entries: entries.length, known: judged.length };
  // What a person wrote is never replaced: a file that cannot be read stays, and is inconclusive.
  if (run.has(REVIEW_FILE) && !readReview(run).ok) return counted;
  const { document, kept } = documentOf(run);
  const list = document.get('groups');
  if (!isSeq(list)) throw new Error(`${REVIEW_FILE} has no list of groups`);
  // `groups: []` would go on in one line.
  list.flow = false;
  for (const entry of entries) {
    if (kept.some((old) => old.group === entry.group && old.phase === phase)) continue;
    const node = document.createNode(entry);
    node.commentBefore = comment(entry);
    list.add(node);
  }
  run.writeText(REVIEW_FILE, reviewText(document));
  return counted;
}
