import { agentEnvironment, type CommandResult } from '../../agent/command.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import { endsWithStep, pause } from '../../criteria/step-signal.ts';
import { type EndedProgram, startProgram } from '../../host/program.ts';
import type { Watches } from './left-policy.ts';
import type { DrillStage } from './stage.ts';

/** Shares of a whole apply's time at which one that never pauses enforcement is held, until one is held in time. */
const SHARES = [0.5, 0.25, 0.1];
/** The other command has so many times as long as the apply took until it was held, and this at least: one that has not ended then waits for the apply, which goes on. */
const TIMES_AS_LONG = 4;
const AT_LEAST_MS = 5000;
/** Held or waiting, it is over long before. */
const APPLY_LIMIT_MS = 600_000;
/** What has ended by now was not held. */
const ENDED_MS = 50;

type Apply = ReturnType<typeof startProgram>;
type Held = Apply & { readonly when: string; readonly afterMs: number };

/** What an apply of the candidate policy and another command came to that ran while it was held half-way. */
export interface BesideHeldApply {
  readonly heldWhen: string;
  /** The other ended before the apply went on. */
  readonly isOver: boolean;
  readonly apply: EndedProgram;
  readonly other: CommandResult;
}

function beginCandidate(stage: DrillStage): Apply {
  const { candidate } = stage.run;
  const args = ['policy', 'apply', stage.prepared().candidatePolicy, '--reset'];
  const env = agentEnvironment(candidate);
  // A step that is past its deadline leaves none behind that is held.
  const limits = { env, timeoutMs: APPLY_LIMIT_MS, ...endsWithStep() };
  return startProgram(candidate.executable, args, limits);
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
    'each `policy apply` had ended before it could be held half-way, so nothing ran beside one; run again',
    { source: 'policy apply' },
  );
}

/** Runs another command of the agent while an apply is held, which goes on once that one has ended, or waits for it. */
export async function besideHeldApply(
  stage: DrillStage,
  watches: Watches,
  begin: () => Promise<CommandResult>,
): Promise<BesideHeldApply> {
  const held = await heldApply(stage, watches);
  try {
    const running = begin();
    // One that waits must still have its time once the apply goes on.
    const mostMs = (stage.run.settings.COMMAND_TIMEOUT_SECONDS * 1000) / 2;
    const waitMs = Math.min(Math.max(AT_LEAST_MS, TIMES_AS_LONG * held.afterMs), mostMs);
    const isOver = await Promise.race([running.then(() => true), pause(waitMs).then(() => false)]);
    held.send('SIGCONT');
    const [apply, other] = await Promise.all([held.ended, running]);
    return { heldWhen: held.when, isOver, apply, other };
  } finally {
    // Where it was never continued it would stay for ever.
    held.kill();
  }
}
