import { howItEnded, runCommand } from '../../agent/command.ts';
import { listFileRules, ruleText } from '../../changes/rules.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import type { RefusedPolicy } from '../../settings/known-defects.ts';
import { DECISION_FAMILIES, familyTotal } from '../../soak/counters.ts';
import { type EnforcementWatch, underBaseline, type WatchReport } from './enforcement-watch.ts';
import { type RefusedCase, refusedCases } from './refused-cases.ts';
import type { SignedPolicies } from './signed-policies.ts';
import type { DrillStage } from './stage.ts';

/** What one policy that must be refused did. */
export interface Refusal {
  readonly name: RefusedPolicy;
  readonly exitCode: number | undefined;
  readonly how: string;
  readonly addedRules: readonly string[];
  readonly lostRules: readonly string[];
  /** Decisions counted before and after it; undefined where the metrics could not be read. */
  readonly decisionsBefore: number | undefined;
  readonly decisions: number | undefined;
  /** From when until when `policy apply` ran, in ms of CLOCK_MONOTONIC. */
  readonly applyMs: readonly [number, number];
  /** Where it was accepted: from when until when it was in force, in ms of CLOCK_MONOTONIC. */
  readonly inForceMs?: readonly [number, number];
}

/** Rules that are there and were not, and the reverse. */
type RuleChanges = Pick<Refusal, 'addedRules' | 'lostRules'>;

/** What all of them did, and what two processes saw that opened files meanwhile. */
export interface RefusalTrial {
  readonly refusals: readonly Refusal[];
  /** What was otherwise after the last one, though nothing told of it after any. */
  readonly left: RuleChanges;
  /** Opens of the denied file, and of the one without a rule. */
  readonly guarded: WatchReport;
  readonly needed: WatchReport;
  /** Decisions counted from before the first open to after the last; undefined when we reset them. */
  readonly counted: number | undefined;
}

/** Opens that were under way when the baseline was back. */
const SETTLE_MS = 100;
/** The first few of each suffice: a policy that was accepted may hold thousands. */
const SHOWN_RULES = 20;

/** The clock of the processes that open. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Whether the rules are others than before. */
export const differs = ({ addedRules, lostRules }: RuleChanges) =>
  addedRules.length + lostRules.length > 0;

/**
 * Applies every policy that must be refused, one after the other, to a host that enforces the baseline
 * and is opened all the time; keeps what each did in `rollback/refused-policies.json`.
 * @throws JudgementError (inconclusive) where the baseline was not enforced before the first.
 */
export async function applyRefused(
  stage: DrillStage,
  signed: SignedPolicies,
): Promise<RefusalTrial> {
  const prepared = stage.prepared();
  const agent = await stage.runningAgent();
  const countedBefore = await decisionsOf(stage);
  using ofGuarded = stage.watch(prepared.guarded);
  using ofNeeded = stage.watch(prepared.needed);
  if (!(await underBaseline(ofGuarded, ofNeeded, agent)))
    throw noEvidence('the baseline was not enforced before the first refused policy');
  const { refusals, left } = await applyEach(
    stage,
    { guarded: ofGuarded, needed: ofNeeded },
    refusedCases(prepared, signed),
  );
  const [guarded, needed] = await Promise.all([ofGuarded.stop(), ofNeeded.stop()]);
  const countedAfter = await decisionsOf(stage);
  const seen = { refusals, left, guarded, needed };
  stage.run.directory.writeJson('rollback/refused-policies.json', seen);
  const weReset = refusals.some((one) => one.exitCode === 0 || differs(one));
  const isCounted = !weReset && countedBefore !== undefined && countedAfter !== undefined;
  return { ...seen, counted: isCounted ? countedAfter - countedBefore : undefined };
}

/** The processes that open a denied file and a free one. */
interface Watches {
  readonly guarded: EnforcementWatch;
  readonly needed: EnforcementWatch;
}

/** The rules under the baseline. */
interface Baseline {
  readonly rules: readonly string[];
  readonly count: number | undefined;
}

async function applyEach(
  stage: DrillStage,
  watches: Watches,
  cases: readonly RefusedCase[],
): Promise<Pick<RefusalTrial, 'refusals' | 'left'>> {
  const before = { rules: await rulesOf(stage), count: await stage.deniedFileCount() };
  const refusals: Refusal[] = [];
  let decisions = await decisionsOf(stage);
  for (const one of cases) {
    const refusal = await applyOne(stage, watches, one, before, decisions);
    refusals.push(refusal);
    stage.run.directory.appendLine('rollback/refused-policies.ndjson', refusal);
    decisions = refusal.decisions;
    // The next one must again meet the baseline, whose apply resets the counters.
    if (refusal.exitCode === 0 || differs(refusal)) decisions = await decisionsOf(stage);
  }
  return { refusals, left: differences(before.rules, await rulesOf(stage)) };
}

async function applyOne(
  stage: DrillStage,
  watches: Watches,
  { name, args, environment }: RefusedCase,
  before: Baseline,
  decisionsBefore: number | undefined,
): Promise<Refusal> {
  const { candidate } = stage.run;
  const told = { ...candidate, environment: { ...candidate.environment, ...environment } };
  const begun = nowMs();
  const result = await runCommand(told, 'policy', 'apply', ...args, '--reset');
  const applyMs = [begun, nowMs()] as const;
  const refusal: Refusal = {
    name,
    exitCode: result.exitCode,
    how: howItEnded(result),
    ...((await seemUnchanged(stage, watches, before.count))
      ? NO_CHANGES
      : differences(before.rules, await rulesOf(stage))),
    decisionsBefore,
    decisions: await decisionsOf(stage),
    applyMs,
  };
  if (result.exitCode !== 0 && !differs(refusal)) return refusal;
  await stage.apply(stage.prepared().baselinePolicy);
  return result.exitCode === 0 ? { ...refusal, inForceMs: [begun, nowMs() + SETTLE_MS] } : refusal;
}

/**
 * Whether the agent counts as many rules as before, and the next open of either file ends as it must. The list itself is
 * read after the last policy, and wherever this tells of a change.
 */
async function seemUnchanged(
  stage: DrillStage,
  { guarded, needed }: Watches,
  count: number | undefined,
): Promise<boolean> {
  if (count === undefined || (await stage.deniedFileCount()) !== count) return false;
  const [denied, free] = await Promise.all([guarded.nextOutcome(), needed.nextOutcome()]);
  return denied === 'denied' && free === 'allowed';
}

async function rulesOf({ run }: DrillStage): Promise<string[]> {
  return (await listFileRules(run.candidate)).map(ruleText);
}

async function decisionsOf(stage: DrillStage): Promise<number | undefined> {
  const scrape = await stage.scrape();
  return scrape.ok ? familyTotal(scrape.metrics, DECISION_FAMILIES) : undefined;
}

const NO_CHANGES: RuleChanges = { addedRules: [], lostRules: [] };

function differences(before: readonly string[], now: readonly string[]): RuleChanges {
  const [was, is] = [new Set(before), new Set(now)];
  return {
    addedRules: now.filter((rule) => !was.has(rule)).slice(0, SHOWN_RULES),
    lostRules: before.filter((rule) => !is.has(rule)).slice(0, SHOWN_RULES),
  };
}
