import { howItEnded } from '../../agent/command.ts';
import { deathsIn, livesIn } from '../../agent/lives.ts';
import { fail, type Judgement, NotApplicable, pass } from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
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
    'the drill’s files are free, the rule list is as before; the agent stopped with exit code 0',
    { value: before.rules.length, limit: before.rules.length, unit: 'rules' },
  );
}

/** Each life lasts until a step ends it: what the drill saw after a death says nothing of the policies. */
export function agentLivedThrough(stage: DrillStage): Judgement {
  const value = livesIn('rollback');
  const source = stage.run.directory.finalPath('rollback/');
  const [death, ...more] = deathsIn('rollback');
  if (death !== undefined)
    return fail(
      `${death}, and nobody had told it to stop; from then on the host was not protected${more.length > 0 ? ` (${counted(more.length, 'later life', 'later lives')} of the drill died too)` : ''}`,
      { value: 'dead', limit: 'alive', source },
    );
  if (value === 0) throw new NotApplicable('no life of the agent got ready in the drill');
  return pass(`${counted(value, 'life', 'lives')}, each until it was told to stop`, {
    value,
    unit: 'lives',
    source,
  });
}
