import { describe, test } from 'vitest';
import {
  inconclusive,
  type Judgement,
  JudgementError,
  NotApplicable,
} from '../criteria/judgement.ts';
import {
  type CriterionId,
  RUNBOOK,
  SECTION_TITLES,
  type Section,
  sectionOf,
} from '../criteria/runbook.ts';
import { showable } from '../criteria/showable.ts';
import type { CriterionRecord } from '../evidence/run-directory.ts';
import type { Phase } from '../settings/settings.ts';
import { canaryRun } from './canary-run.ts';
import { untilDeadline } from './deadline.ts';
import { declare } from './declaration.ts';
import { onOurFiles } from './touched-files.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** The criterion's record: what every reporter renders. */
    criterion?: CriterionRecord;
  }
}

/** What must have passed before a section or criterion is worth trying. */
export type Need = CriterionId | 'preconditions' | 'preflight';

interface CriterionOptions {
  readonly needs?: readonly Need[];
  /** Judged only when one of these phases was asked for. */
  readonly phases?: readonly Phase[];
  /** A part that is off by default: the knob that asks for it, and whether it does. */
  readonly askedBy?: { readonly knob: string; readonly on: boolean };
  readonly timeoutSeconds?: number;
}

/** Steps of the runbook may take a slow, emulated host's time; each has deadlines of its own within. */
const DEFAULT_TIMEOUT_SECONDS = 300;

/** The longest that the agent may take by the knobs, in any step: a few commands and one start. */
function agentsShareSeconds(): number {
  const { COMMAND_TIMEOUT_SECONDS, READY_TIMEOUT_SECONDS } = canaryRun().settings;
  return 5 * COMMAND_TIMEOUT_SECONDS + READY_TIMEOUT_SECONDS;
}

let currentNeeds: readonly Need[] = [];

/** A section of the runbook: one `describe`, with what all its criteria need. */
export function section(name: Section, needs: readonly Need[], body: () => void): void {
  describe(SECTION_TITLES[name], () => {
    currentNeeds = needs;
    body();
  });
}

const PHASES: readonly string[] = ['audit', 'enforce', 'rollback'];

/** Why this criterion is not tried, or undefined when it is. */
function skipReason(
  id: CriterionId,
  needs: readonly Need[],
  phases: readonly Phase[] | undefined,
): string | undefined {
  const { directory, provided } = canaryRun();
  const name = sectionOf(id);
  if (provided.rejudge && name !== 'exit')
    return 'CANARY_RUN judges the exit criteria of a finished run';
  const wanted: readonly string[] = phases ?? (PHASES.includes(name) ? [name] : provided.asked);
  if (!provided.asked.some((phase) => wanted.includes(phase))) {
    return `not asked for: this run is for ${provided.asked.join(', ')} (PHASE)`;
  }
  if (runaway !== undefined)
    return `"${runaway}" did not end when it was cancelled, and nothing may run beside it`;
  const records = directory.criteria();
  for (const need of needs) {
    const ids: readonly string[] =
      need === 'preconditions' || need === 'preflight' ? RUNBOOK[need] : [need];
    for (const needed of ids) {
      const record = records.get(needed);
      // What has no subject here stands in nobody's way.
      if (record?.verdict === 'pass' || record?.notApplicable === true) continue;
      return record === undefined
        ? `"${needed}" was not judged in this run; run the whole canary`
        : `needs "${record.title}", which ended as ${record.verdict}`;
    }
  }
  return undefined;
}

async function judged(
  check: () => Judgement | Promise<Judgement>,
): Promise<Judgement | NotApplicable> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof NotApplicable) return error;
    if (error instanceof JudgementError) return error.judgement;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return inconclusive(`the check itself broke, so nothing was judged: ${text}`);
  }
}

/** What a cancelled step may take to end: its own commands are ended at once, a stop of the agent takes 30 s. */
const GRACE_MS = 60_000;

/** The title of a step that went on after it was cancelled; nothing may run beside it. */
let runaway: string | undefined;

/** vitest goes on to the next step at its own deadline, whatever runs; ours comes first, and is awaited. */
async function judgedInTime(
  check: () => Judgement | Promise<Judgement>,
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

/** The failure as a person reads it in the reporter's output: verdict first, then the four parts. */
export class CriterionFailure extends Error {
  override readonly name: string;
  constructor(record: CriterionRecord) {
    const measured = [
      record.value === undefined
        ? undefined
        : `measured: ${record.value}${record.unit === undefined ? '' : ` ${record.unit}`}`,
      record.limit === undefined
        ? undefined
        : `limit: ${record.limit}${record.unit === undefined ? '' : ` ${record.unit}`}`,
      record.source === undefined ? undefined : `source: ${record.source}`,
      `at: ${record.at}`,
    ].filter((part) => part !== undefined);
    super(`${record.explanation}\n  ${measured.join('\n  ')}`);
    this.name = record.verdict === 'fail' ? 'FAIL' : 'INCONCLUSIVE';
    // The stack leads into the harness and tells a release engineer nothing.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** One precondition, step, threshold or exit criterion of the runbook: one test, one record. */
export function criterion(
  id: CriterionId,
  title: string,
  check: () => Judgement | Promise<Judgement>,
  options: CriterionOptions = {},
): void {
  const needs = [...currentNeeds, ...(options.needs ?? [])];
  const own = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const timeout = (own + agentsShareSeconds()) * 1000;
  // Once: a step that is tried until it passes shows nothing, whatever --retry asks for.
  const vitests = timeout + 2 * GRACE_MS;
  const declared = declare({ id, section: sectionOf(id), title });
  const meta = { declared };
  test(title, { timeout: vitests, retry: 0, repeats: 0, meta }, async ({ task, skip, signal }) => {
    const { directory, provided } = canaryRun();
    const name = sectionOf(id);
    const base = declared;
    const { askedBy } = options;
    const notAsked = askedBy?.on === false ? `not asked for: ${askedBy.knob} is off` : undefined;
    const reason = notAsked ?? skipReason(id, needs, options.phases);
    if (reason !== undefined) {
      const record: CriterionRecord = {
        ...base,
        at: new Date().toISOString(),
        durationMs: 0,
        verdict: 'skipped',
        explanation: reason,
        ...(notAsked === undefined ? {} : { notApplicable: true as const }),
      };
      task.meta.criterion = record;
      // A finished run keeps its own records; judging it again adds only the exit criteria's.
      if (!(provided.rejudge && name !== 'exit')) directory.record(record);
      skip(reason);
    }
    const begun = performance.now();
    const seen = await judgedInTime(check, title, timeout, signal);
    const judgement = seen instanceof NotApplicable ? seen : onOurFiles(id, seen);
    const record: CriterionRecord = {
      ...base,
      at: new Date().toISOString(),
      durationMs: Math.round(performance.now() - begun),
      ...(judgement instanceof NotApplicable
        ? { verdict: 'skipped', explanation: judgement.message, notApplicable: true }
        : showable(judgement)),
    };
    task.meta.criterion = record;
    directory.record(record);
    directory.log(`${record.verdict.toUpperCase()} ${id}: ${record.explanation}`);
    if (record.verdict === 'skipped') skip(record.explanation);
    if (record.verdict !== 'pass') throw new CriterionFailure(record);
  });
}
