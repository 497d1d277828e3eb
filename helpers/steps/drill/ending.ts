import { howItEnded } from '../../agent/command.ts';
import { fail, type Judgement, pass } from '../../criteria/judgement.ts';
import { removePolicy } from '../phases/candidate-policy.ts';
import { restoreAndCompare } from './snapshot.ts';
import type { DrillStage } from './stage.ts';

/** The drill's rules go, by the same policy that an interrupted drill is undone with. */
export async function rulesAreRemoved(stage: DrillStage): Promise<Judgement> {
  const { applied, before, guarded, needed } = stage.prepared();
  await stage.runningAgent();
  const result = await removePolicy(stage.run, applied);
  if (result.exitCode !== 0) return fail(howItEnded(result), { source: result.command });
  const shown = await stage.shows('the removal', { denied: [], free: [guarded, needed] });
  if (shown.verdict !== 'pass') return shown;
  await stage.stopAgent();
  return pass(
    'the drill’s files are free, the rule list is as before; the agent stopped with exit code 0',
    { value: before.rules.length, limit: before.rules.length, unit: 'rules' },
  );
}

/** Files, rules, pins and the emergency state, one by one. */
export function hostIsAsBefore(stage: DrillStage): Promise<Judgement> {
  return restoreAndCompare(stage.run, stage.prepared().before);
}
