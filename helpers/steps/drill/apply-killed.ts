import { agentEnvironment } from '../../agent/command.ts';
import { type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { pause } from '../../criteria/step-signal.ts';
import { startProgram } from '../../host/program.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import { type WatchReport, wrongSignals } from './enforcement-watch.ts';
import {
  isBaseline,
  type LeftPolicy,
  notWhole,
  settled,
  type Watches,
  whatIsLeft,
} from './left-policy.ts';
import type { DrillStage } from './stage.ts';

/** When the apply is killed: at a share of the time that a whole one takes, or at what it does. */
type Moment = number | 'enforcement pauses';

const MOMENTS: readonly Moment[] = [0.3, 0.5, 0.7, 0.85, 0.95, 'enforcement pauses'];
/** It is killed long before. */
const APPLY_LIMIT_MS = 60_000;
const source = 'rollback/apply-killed.json';

/** What a killed apply left behind. */
interface Killed extends LeftPolicy {
  readonly moment: Moment;
  /** False when it had ended before the signal. */
  readonly killed: boolean;
}

/** The clock of the processes that open. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** What was seen of enforcement while whole policies were applied. */
export interface WholeApplies {
  /** From when until when each ran, in ms of CLOCK_MONOTONIC. */
  readonly applyMs: readonly (readonly [number, number])[];
  /** Opens of a file that both policies deny. */
  readonly guarded: WatchReport;
}

/**
 * SIGKILL to `policy apply` at several moments: one policy or the other, and never half of each.
 * @param whole is told what was seen of the applies that nobody killed.
 */
export async function applyKilled(
  stage: DrillStage,
  whole: (seen: WholeApplies) => void = () => {},
): Promise<Judgement> {
  const { guarded, needed, baselinePolicy } = stage.prepared();
  const agent = await stage.runningAgent();
  using ofGuarded = stage.watch(guarded);
  using ofNeeded = stage.watch(needed);
  const watches = { guarded: ofGuarded, needed: ofNeeded, agent };
  await settled(watches);
  const applyMs = await wholeApplies(stage, watches);
  // The shorter one: on a busy host a share of the longer would come after the end.
  const wholeMs = Math.round(Math.min(...applyMs.map(([from, to]) => to - from)));
  const results: Killed[] = [];
  for (const moment of MOMENTS) {
    const left = await killAt(stage, watches, moment, wholeMs);
    results.push(left);
    // What is wholly as it was before needs no apply, which costs the published agent seconds.
    if (isBaseline(left) && moment !== MOMENTS.at(-1)) continue;
    await stage.apply(baselinePolicy);
    await settled(watches);
  }
  const [seen] = await Promise.all([ofGuarded.stop(), ofNeeded.stop()]);
  stage.run.directory.writeJson(source, { wholeMs, applyMs, results, guarded: seen });
  whole({ applyMs, guarded: seen });
  const judged = judge(stage, results, wholeMs);
  if (judged.verdict !== 'pass') return judged;
  return wrongSignals(seen, stage.run.settings.ENFORCE_SIGNAL) ?? judged;
}

async function wholeApplies(stage: DrillStage, watches: Watches) {
  const { candidatePolicy, baselinePolicy } = stage.prepared();
  const applyMs: (readonly [number, number])[] = [];
  for (const policy of [candidatePolicy, baselinePolicy]) {
    const begun = nowMs();
    await stage.apply(policy);
    applyMs.push([begun, nowMs()]);
  }
  await settled(watches);
  return applyMs;
}

async function killAt(
  stage: DrillStage,
  watches: Watches,
  moment: Moment,
  wholeMs: number,
): Promise<Killed> {
  const { candidate } = stage.run;
  const env = agentEnvironment(candidate);
  const args = ['policy', 'apply', stage.prepared().candidatePolicy, '--reset'];
  const apply = startProgram(candidate.executable, args, { env, timeoutMs: APPLY_LIMIT_MS });
  if (moment === 'enforcement pauses') {
    // Also ends when the apply is over: a version that never pauses is not killed.
    await Promise.race([watches.guarded.until('allowed', wholeMs * 2), apply.ended]);
  } else await pause(wholeMs * moment);
  apply.kill();
  const { signal } = await apply.ended;
  return { moment, killed: signal === 'SIGKILL', ...(await whatIsLeft(stage, watches)) };
}

function problemOf(one: Killed): string | undefined {
  const when =
    one.moment === 'enforcement pauses'
      ? 'when enforcement paused'
      : `at ${Math.round(one.moment * 100)} % of its time`;
  return notWhole(one, `killed ${when}`);
}

function judge(stage: DrillStage, results: readonly Killed[], wholeMs: number): Judgement {
  const problems = results.flatMap((one) => problemOf(one) ?? []);
  const killed = results.filter((one) => one.killed).length;
  const measured = { value: problems.length, limit: 0, unit: 'half-applied policies', source };
  if (killed === 0)
    throw noEvidence('every `policy apply` had ended before it was killed', { source });
  if (problems.length === 0) {
    const left = results.map(({ rules }) => rules).join(', ');
    return pass(
      `${killed} of ${results.length} applies of ${wholeMs} ms were killed on their way; each left one complete policy (${left}), and the next apply worked`,
      measured,
    );
  }
  const off = results.some((one) => !one.guardedIsDenied);
  return judgeDefect(
    stage.run.settings,
    'apply-killed-half-applied',
    {
      title: off
        ? 'a killed policy apply turns enforcement off until the next successful one'
        : 'a killed policy apply leaves half of a policy',
      severity: off ? 'critical' : 'high',
      reference: 'docs/agent-contract.md §5.3, §6.5',
      detail: problems.join('; '),
    },
    measured,
  );
}
