import { endText, howItEnded } from '../../agent/command.ts';
import { KILL_SWITCH_REASON } from '../../changes/undo-entry.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { emergencyStatus } from '../emergency-status.ts';
import type { EnforcementWatch } from './enforcement-watch.ts';
import { besideHeldApply } from './held-apply.ts';
import { settled, type Watches } from './left-policy.ts';
import type { DrillStage } from './stage.ts';
import { mustHave } from './usage.ts';

const source = 'rollback/kill-switch-in-apply.json';

/** What a use of the kill switch came to that began while an apply was held half-way. */
export interface InApply {
  readonly heldWhen: string;
  /** It ended before the apply went on. */
  readonly isOver: boolean;
  /** How `emergency-disable` failed, in words; undefined where it exited with 0. */
  readonly failed: string | undefined;
  /** How the apply ended where that is no success, in words. */
  readonly applyFailed: string | undefined;
  /** Behind both: what the kernel says of the switch, and what an open of a denied file met. */
  readonly isActive: boolean;
  readonly open: string;
  /** What one met behind `emergency-enable`. */
  readonly openAfter: string;
}

/**
 * On the worst day nobody waits for a configuration management: what somebody switches off while a policy is applied
 * stays off. An apply that writes the whole configuration as it read it at its beginning undoes that
 * (docs/agent-contract.md §6.5).
 */
export async function killSwitchInApply(stage: DrillStage): Promise<Judgement> {
  await mustHave(stage, 'emergency-disable');
  const { guarded, needed, baselinePolicy } = stage.prepared();
  const agent = await stage.runningAgent();
  using ofGuarded = stage.watch(guarded);
  using ofNeeded = stage.watch(needed);
  const watches = { guarded: ofGuarded, needed: ofNeeded, agent };
  await settled(watches);
  // In the journal first: whatever ends this run now, the guardian enables again.
  const journalId = (await stage.run.journal()).record({ kind: 'emergency' });
  const seen = { ...(await usedInApply(stage, watches)), openAfter: await nextOpen(ofGuarded) };
  if (seen.openAfter === 'denied') (await stage.run.journal('undo')).strike(journalId);
  await Promise.all([ofGuarded.stop(), ofNeeded.stop()]);
  stage.run.directory.writeJson(source, seen);
  // The steps behind this one begin with it.
  await stage.apply(baselinePolicy);
  return judgeInApply(seen);
}

async function usedInApply(
  stage: DrillStage,
  watches: Watches,
): Promise<Omit<InApply, 'openAfter'>> {
  const toggle = ['--reason', KILL_SWITCH_REASON];
  try {
    const { heldWhen, isOver, apply, other } = await besideHeldApply(stage, watches, () =>
      stage.run.command('emergency-disable', ...toggle),
    );
    const open = await nextOpen(watches.guarded);
    const status = await emergencyStatus(stage.run);
    if (typeof status === 'string') throw noEvidence(status, { source });
    return {
      ...{ heldWhen, isOver, isActive: status.enabled, open },
      failed: other.exitCode === 0 ? undefined : howItEnded(other),
      applyFailed: apply.exitCode === 0 ? undefined : endText(apply),
    };
  } finally {
    await stage.succeeds('emergency-enable', ...toggle);
  }
}

/** What an open meets that begins after now. */
async function nextOpen(watch: EnforcementWatch): Promise<string> {
  const outcome = await watch.nextOutcome();
  if (outcome !== undefined) return outcome;
  throw noEvidence('the process that opens the denied file is gone; run again', { source });
}

/** Used while a policy is applied it is in force once that has ended, until `emergency-enable`. */
export function judgeInApply(seen: InApply): Judgement {
  const { heldWhen, isOver, failed, applyFailed, isActive, open, openAfter } = seen;
  const held = `while one \`policy apply\` was held ${heldWhen}`;
  if (failed !== undefined) return fail(`begun ${held}, ${failed}`, { source });
  const when = isOver ? held : `${held}, for which it waited`;
  const tried = `\`emergency-disable\`, begun ${when}, exited with 0`;
  const wrong = [
    ...(isActive ? [] : ['`emergency-status` says that the kill switch is off']),
    ...(open === 'allowed' ? [] : [`an open of a file that both policies deny was ${open}`]),
  ];
  const measured = { value: open, limit: 'allowed', source };
  if (wrong.length > 0)
    return fail(
      `${tried}; once that apply had ended, ${wrong.join(', and ')}: a policy apply undoes the kill switch`,
      measured,
    );
  if (openAfter !== 'denied')
    return fail(`${tried}; after emergency-enable an open of the denied file was ${openAfter}`, {
      ...{ value: openAfter, limit: 'denied', source },
    });
  if (applyFailed !== undefined)
    return inconclusive(
      `${tried}; that apply ${applyFailed}, so nobody knows what one that succeeds makes of the kill switch; run again`,
      measured,
    );
  return pass(
    `${tried}; once that apply had ended enforcement was off, by the kernel's flag and by an open of a denied file, until emergency-enable`,
    measured,
  );
}
