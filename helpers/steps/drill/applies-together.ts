import { agentEnvironment } from '../../agent/command.ts';
import { type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { pause } from '../../criteria/step-signal.ts';
import { startProgram } from '../../host/program.ts';
import type { Settings } from '../../settings/settings.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import {
  isBaseline,
  type LeftPolicy,
  notWhole,
  settled,
  type Watches,
  whatIsLeft,
} from './left-policy.ts';
import type { DrillStage } from './stage.ts';

/** Shares of a whole apply's time at which one that never pauses enforcement is held, until one is held in time. */
const SHARES = [0.5, 0.25, 0.1];
/** The second apply has so many times as long as the first took until it was held, and this at least: one that has not ended then waits for the first, which goes on. */
const TIMES_AS_LONG = 4;
const AT_LEAST_MS = 5000;
/** Held or waiting, it is over long before. */
const APPLY_LIMIT_MS = 600_000;
/** What has ended by now was not held. */
const ENDED_MS = 50;
const source = 'rollback/applies-together.json';

/** What two applies left, of which the second began, and ended or waited, while the first was held half-way. */
export interface Together extends LeftPolicy {
  readonly heldWhen: string;
  /** The second ended before the first went on. */
  readonly isSecondOver: boolean;
  /** How each ended: that of the candidate policy, which was held, and that of the baseline. */
  readonly applied: { readonly candidate: boolean; readonly baseline: boolean };
}

type Apply = ReturnType<typeof startProgram>;
type Held = Apply & { readonly when: string; readonly afterMs: number };

function beginCandidate(stage: DrillStage): Apply {
  const { candidate } = stage.run;
  const args = ['policy', 'apply', stage.prepared().candidatePolicy, '--reset'];
  const env = agentEnvironment(candidate);
  return startProgram(candidate.executable, args, { env, timeoutMs: APPLY_LIMIT_MS });
}

/** Stops it as SIGSTOP does. @returns false where it had ended before. */
async function isHeld(apply: Apply): Promise<boolean> {
  apply.send('SIGSTOP');
  return !(await Promise.race([apply.ended.then(() => true), pause(ENDED_MS)]));
}

/** An apply of the candidate policy that is held half-way: where enforcement pauses, or else at a share of its time. */
async function heldApply(stage: DrillStage, { guarded }: Watches): Promise<Held> {
  const begun = performance.now();
  const first = beginCandidate(stage);
  const pauses = guarded.until('allowed', APPLY_LIMIT_MS);
  const isPaused = await Promise.race([pauses, first.ended.then(() => false)]);
  if (isPaused && (await isHeld(first)))
    return { ...first, when: 'while enforcement paused', afterMs: performance.now() - begun };
  const { durationMs } = await first.ended;
  for (const share of SHARES) {
    const apply = beginCandidate(stage);
    await pause(durationMs * share);
    if (await isHeld(apply))
      return { ...apply, when: `at ${share * 100} % of its time`, afterMs: durationMs };
  }
  throw noEvidence(
    'each `policy apply` had ended before it could be held half-way, so no two ran at once; run again',
    { source },
  );
}

/** Two at once, as of a configuration management and of the unit's start: one whole policy is in force, with enforcement on. */
export async function appliesTogether(stage: DrillStage): Promise<Judgement> {
  const { guarded, needed, baselinePolicy } = stage.prepared();
  const agent = await stage.runningAgent();
  using ofGuarded = stage.watch(guarded);
  using ofNeeded = stage.watch(needed);
  const watches = { guarded: ofGuarded, needed: ofNeeded, agent };
  await settled(watches);
  const seen = await bothApplied(stage, watches);
  if (!isBaseline(seen)) {
    await stage.apply(baselinePolicy);
    await settled(watches);
  }
  await Promise.all([ofGuarded.stop(), ofNeeded.stop()]);
  stage.run.directory.writeJson(source, seen);
  return judgeTogether(seen, stage.run.settings);
}

async function bothApplied(stage: DrillStage, watches: Watches): Promise<Together> {
  const held = await heldApply(stage, watches);
  try {
    const second = stage.run.command('policy', 'apply', stage.prepared().baselinePolicy, '--reset');
    // One that waits must still have its time once it goes on.
    const mostMs = (stage.run.settings.COMMAND_TIMEOUT_SECONDS * 1000) / 2;
    const waitMs = Math.min(Math.max(AT_LEAST_MS, TIMES_AS_LONG * held.afterMs), mostMs);
    const isSecondOver = await Promise.race([
      second.then(() => true),
      pause(waitMs).then(() => false),
    ]);
    held.send('SIGCONT');
    const [candidate, baseline] = await Promise.all([held.ended, second]);
    const applied = { candidate: candidate.exitCode === 0, baseline: baseline.exitCode === 0 };
    return { heldWhen: held.when, isSecondOver, applied, ...(await whatIsLeft(stage, watches)) };
  } finally {
    // Where it was never continued it would stay for ever.
    held.kill();
  }
}

function problemOf(seen: Together): string | undefined {
  const problem = notWhole(seen, 'held and continued');
  if (problem !== undefined) return problem;
  const { candidate, baseline } = seen.applied;
  // Of two that were applied either may be the last.
  if (candidate === baseline) return undefined;
  const only = candidate ? 'candidate' : 'baseline';
  return seen.rules === only
    ? undefined
    : `the ${only} policy alone was applied with exit code 0, and the ${seen.rules}'s rules are in force`;
}

/** @param settings of the run, for defects that are accepted by name. */
export function judgeTogether(seen: Together, settings: Pick<Settings, 'knownDefects'>): Judgement {
  const { heldWhen, applied, rules } = seen;
  const problem = problemOf(seen);
  const measured = { value: problem === undefined ? 0 : 1, limit: 0, unit: 'problems', source };
  const exits = `the first ${applied.candidate ? 'ended well' : 'was refused'}, the second ${applied.baseline ? 'ended well' : 'was refused'}`;
  const meanwhile = seen.isSecondOver ? 'ran' : 'began, and did not end before it went on';
  const tried = `one \`policy apply\` was held ${heldWhen} while another ${meanwhile}: ${exits}`;
  if (problem === undefined)
    return pass(`${tried}; the ${rules} policy is in force, whole, and on record`, measured);
  const off = !seen.guardedIsDenied;
  return judgeDefect(
    settings,
    'applies-together',
    {
      title: off
        ? 'two policy applies at once turn enforcement off until the next one'
        : 'two policy applies at once leave no complete policy',
      severity: off ? 'critical' : 'high',
      reference: 'docs/agent-contract.md §5.3',
      detail: `${tried}; ${problem}`,
    },
    measured,
  );
}
