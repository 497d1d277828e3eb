import { type Judgement, pass } from '../../criteria/judgement.ts';
import type { Settings } from '../../settings/settings.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import { besideHeldApply } from './held-apply.ts';
import {
  isBaseline,
  type LeftPolicy,
  notWhole,
  settled,
  type Watches,
  whatIsLeft,
} from './left-policy.ts';
import type { DrillStage } from './stage.ts';

const source = 'rollback/applies-together.json';

/** What two applies left, of which the second began, and ended or waited, while the first was held half-way. */
export interface Together extends LeftPolicy {
  readonly heldWhen: string;
  /** The second ended before the first went on. */
  readonly isSecondOver: boolean;
  /** How each ended: that of the candidate policy, which was held, and that of the baseline. */
  readonly applied: { readonly candidate: boolean; readonly baseline: boolean };
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
  const { baselinePolicy } = stage.prepared();
  const { heldWhen, isOver, apply, other } = await besideHeldApply(stage, watches, () =>
    stage.run.command('policy', 'apply', baselinePolicy, '--reset'),
  );
  const applied = { candidate: apply.exitCode === 0, baseline: other.exitCode === 0 };
  return { heldWhen, isSecondOver: isOver, applied, ...(await whatIsLeft(stage, watches)) };
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
