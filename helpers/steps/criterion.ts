import { beforeAll, describe, test } from 'vitest';
import { deathsIn, livesIn } from '../agent/lives.ts';
import { forgetOwnFiles } from '../changes/own-file.ts';
import { blameOf } from '../criteria/blame.ts';
import { type CriterionEntry, criteriaIn, entryOf, sectionNeeds } from '../criteria/catalogue.ts';
import {
  inconclusive,
  type Judgement,
  JudgementError,
  NotApplicable,
} from '../criteria/judgement.ts';
import { inScope, notRequested } from '../criteria/scope.ts';
import { showable } from '../criteria/showable.ts';
import type { CriterionRecord } from '../evidence/run-directory.ts';
import type { Phase } from '../settings/settings.ts';
import { unitFor } from '../text/counted.ts';
import { canaryRun } from './canary-run.ts';
import { afterDeath, onOurFiles } from './consequences.ts';
import { untilDeadline } from './deadline.ts';
import { declare } from './declaration.ts';
import { keepFailure } from './failure-bundle.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** The criterion's record: what every reporter renders. */
    criterion?: CriterionRecord;
  }
}

/** Judges one criterion; what it throws is a verdict too. */
export type Check = () => Judgement | Promise<Judgement>;

/** Steps of the runbook may take a slow, emulated host's time; each has deadlines of its own within. */
const DEFAULT_TIMEOUT_SECONDS = 300;

/** A group of criteria with this title. */
export function describedAs(title: string, body: () => void): void {
  describe(title, () => {
    // All sections share a process: what becomes of one's files says nothing of the next.
    beforeAll(forgetOwnFiles);
    body();
  });
}

/** Why this criterion is not tried, or undefined when it is. */
function skipReason({ id, section: name, needs = [] }: CriterionEntry): string | undefined {
  const { directory, provided } = canaryRun();
  if (provided.rejudge && name !== 'exit')
    return 'CANARY_RUN judges the exit criteria of a finished run';
  if (!inScope(id, provided.asked)) {
    return `not asked for: this run is for ${provided.asked.join(', ') || 'the preconditions'} (PHASE)`;
  }
  if (runaway !== undefined)
    return `"${runaway}" did not end when it was cancelled, and nothing may run beside it`;
  // What goes on goes on to its end; nothing new is begun.
  const unguarded = canaryRun().withoutGuardian();
  if (unguarded !== undefined && name !== 'exit' && livesIn(name) === 0) return unguarded;
  const records = directory.criteria();
  for (const need of [...sectionNeeds(name), ...needs]) {
    const section = criteriaIn(need).map((entry): string => entry.id);
    for (const needed of section.length > 0 ? section : [need]) {
      const record = records.get(needed);
      // What has no subject here stands in nobody's way.
      if (record?.verdict === 'pass' || record?.notApplicable === true) continue;
      return record === undefined
        ? `"${needed}" was not judged in this run; run the whole canary`
        : `depends on "${record.title}" (${record.verdict})`;
    }
  }
  return undefined;
}

/** A criterion of a team's own that speaks of phases which were not asked for is no gap. */
function outOfPhases(
  { id, phases = [] }: CriterionEntry,
  asked: readonly Phase[],
): string | undefined {
  if (entryOf(id) !== undefined || phases.length === 0) return undefined;
  if (phases.some((phase) => asked.includes(phase))) return undefined;
  return `not asked for: it is about ${phases.join(' and ')} (PHASE)`;
}

async function judged(check: Check): Promise<Judgement | NotApplicable> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof NotApplicable) return error;
    if (error instanceof JudgementError) return error.judgement;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const broke = inconclusive(`the check itself broke, so nothing was judged: ${text}`);
    return { ...broke, blames: 'suite' };
  }
}

/** What a cancelled step may take to end: its own commands are ended at once, a stop of the agent takes 30 s. */
const GRACE_MS = 60_000;

/** The title of a step that went on after it was cancelled; nothing may run beside it. */
let runaway: string | undefined;

/** vitest goes on to the next step at its own deadline, whatever runs; ours comes first, and is awaited. */
async function judgedInTime(
  check: Check,
  title: string,
  timeoutMs: number,
  vitests: AbortSignal,
): Promise<Judgement | NotApplicable> {
  const deadline = AbortSignal.any([vitests, AbortSignal.timeout(timeoutMs)]);
  const timed = await untilDeadline(() => judged(check), deadline, GRACE_MS);
  if (timed.state === 'ended') return timed.value;
  if (timed.goesOn) runaway = title;
  const then = timed.goesOn ? ' and goes on after it was cancelled, so no other step is tried' : '';
  return inconclusive(
    `this step did not end within ${timeoutMs / 1000} s${then}; nothing was judged, see canary.log for where it stood`,
    { limit: timeoutMs / 1000, unit: 's', source: 'deadline of the step' },
  );
}

const withBlame = (id: string, judgement: Judgement) => {
  const blames = blameOf({ id, ...judgement });
  return blames === undefined ? judgement : { ...judgement, blames };
};

/** The failure as a person reads it in the reporter's output: verdict first, then the four parts. */
class CriterionFailure extends Error {
  override readonly name: string;
  constructor(record: CriterionRecord) {
    const { value, limit, unit, source, at } = record;
    const ofUnit = (figure: number | string) =>
      unit === undefined ? figure : `${figure} ${unitFor(figure, unit)}`;
    const measured = [
      ...(value === undefined ? [] : [`measured: ${ofUnit(value)}`]),
      ...(limit === undefined ? [] : [`limit: ${ofUnit(limit)}`]),
      ...(source === undefined ? [] : [`source: ${source}`]),
      `at: ${at}`,
    ];
    super(`${record.explanation}\n  ${measured.join('\n  ')}`);
    this.name = record.verdict === 'fail' ? 'FAIL' : 'INCONCLUSIVE';
    // The stack leads into the harness and tells a release engineer nothing.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** How vitest runs a criterion. */
export interface Running {
  /** Beside its neighbours for which that is true as well. */
  readonly concurrent?: boolean;
}

/** Declares a criterion by all that is known of it, and judges it when vitest comes to it. */
export function judgedAs(entry: CriterionEntry, check: Check, running: Running = {}): void {
  const { id, title, section: name, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = entry;
  const { settings } = canaryRun();
  const own = typeof timeoutSeconds === 'number' ? timeoutSeconds : timeoutSeconds(settings);
  const { COMMAND_TIMEOUT_SECONDS, READY_TIMEOUT_SECONDS } = settings;
  // The longest that the agent may take by the knobs, in any step: a few commands and one start.
  const timeout = (own + 5 * COMMAND_TIMEOUT_SECONDS + READY_TIMEOUT_SECONDS) * 1000;
  // Once: a step that is tried until it passes shows nothing, whatever --retry asks for.
  const vitests = timeout + 2 * GRACE_MS;
  const declared = declare({ id, section: name, title });
  const { evidence = [] } = entry;
  // What the runbook judges from stands in its catalogue.
  const ofOwn = entryOf(id) === undefined ? { evidence: [...evidence] } : {};
  const options = { timeout: vitests, retry: 0, repeats: 0, meta: { declared }, ...running };
  test(title, options, async ({ task, skip, signal }) => {
    const { directory, provided } = canaryRun();
    const recorded = (ended: Omit<CriterionRecord, keyof typeof declared | 'at' | 'evidence'>) => {
      const record = { ...declared, ...ofOwn, at: new Date().toISOString(), ...ended };
      task.meta.criterion = record;
      // A finished run keeps its own records; judging it again adds only the exit criteria's.
      if (!provided.rejudge || name === 'exit') directory.record(record);
      return record;
    };
    const notAsked = notRequested(entry, settings) ?? outOfPhases(entry, provided.asked);
    const reason = notAsked ?? skipReason(entry);
    if (reason !== undefined) {
      const skipped = { durationMs: 0, verdict: 'skipped', explanation: reason } as const;
      recorded(notAsked === undefined ? skipped : { ...skipped, notApplicable: true });
      skip(reason);
    }
    const begun = performance.now();
    const deaths = deathsIn(name).length;
    const seen = await canaryRun().judging(id, () => judgedInTime(check, title, timeout, signal));
    const judgement =
      seen instanceof NotApplicable ? seen : afterDeath(entry, onOurFiles(entry, seen), deaths);
    const durationMs = Math.round(performance.now() - begun);
    const record = recorded(
      judgement instanceof NotApplicable
        ? { durationMs, verdict: 'skipped', explanation: judgement.message, notApplicable: true }
        : { durationMs, ...withBlame(id, showable(judgement)) },
    );
    directory.log(`${record.verdict.toUpperCase()} ${id}: ${record.explanation}`);
    if (record.verdict === 'skipped') skip(record.explanation);
    if (record.verdict === 'fail')
      await canaryRun().judging(id, () => keepFailure(canaryRun(), name, id));
    if (record.verdict !== 'pass') throw new CriterionFailure(record);
  });
}
