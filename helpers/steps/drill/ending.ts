import { howItEnded } from '../../agent/command.ts';
import { fail, type Judgement, pass } from '../../criteria/judgement.ts';
import { removePolicy } from '../phases/candidate-policy.ts';
import type { DrillStage } from './stage.ts';

/** The drill's rules go, by the same policy that an interrupted drill is undone with. */
export async function rulesAreRemoved(stage: DrillStage): Promise<Judgement> {
  const { applied, before } = stage.prepared();
  await stage.runningAgent();
  const result = await removePolicy(stage.run, applied);
  if (result.exitCode !== 0) return fail(howItEnded(result), { source: result.command });
  const judged = await stage.shows('the removal', 'none');
  if (judged.verdict !== 'pass') return judged;
  await stage.stopAgent();
  return pass(
    "the drill's files are free, the rule list is as before; the agent stopped with exit code 0",
    { value: before.rules.length, limit: before.rules.length, unit: 'rules' },
  );
}
