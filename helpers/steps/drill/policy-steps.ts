import { howItEnded } from '../../agent/command.ts';
import { fail, failed, type Judgement, pass } from '../../criteria/judgement.ts';
import { judgeRecord } from './record.ts';
import type { DrillStage } from './stage.ts';

/** The policy that production runs today. */
export async function applyBaseline(stage: DrillStage): Promise<Judgement> {
  const { guarded, needed, service, baselinePolicy } = stage.prepared();
  await stage.apply(baselinePolicy);
  await stage.startAgent();
  const judged = await stage.shows('the baseline policy', { denied: [guarded], free: [needed] });
  if (judged.verdict !== 'pass') return judged;
  const answer = await service.request();
  return answer.works
    ? { ...judged, explanation: `${judged.explanation}; the service works` }
    : fail(`the service does not work under the baseline policy: ${answer.why}`, {
        source: 'service of the drill',
      });
}

/** The new policy, with a mistake in it. */
export async function applyCandidate(stage: DrillStage): Promise<Judgement> {
  const { guarded, needed, candidatePolicy } = stage.prepared();
  await stage.apply(candidatePolicy);
  return stage.shows('the candidate policy', { denied: [guarded, needed], free: [] });
}

/** The controlled failure: a service that needs the file cannot do its work any more. */
export async function serviceFails(stage: DrillStage): Promise<Judgement> {
  const { needed, service } = stage.prepared();
  const answer = await service.request();
  const measured = { limit: 'a failure', source: 'service of the drill' };
  return answer.works
    ? fail(
        'the service that the candidate policy breaks still works: there is no failure to roll back',
        { ...measured, value: 'works' },
      )
    : pass(`the service that reads ${needed.path} fails: ${answer.why}`, {
        ...measured,
        value: answer.why,
      });
}

export async function rollBack(stage: DrillStage): Promise<Judgement> {
  const { guarded, needed, service } = stage.prepared();
  const result = await stage.command('policy', 'rollback');
  const judged = await stage.shows('the rollback', { denied: [guarded], free: [needed] });
  if (result.exitCode !== 0) {
    const rules = judged.verdict === 'pass' ? "the rules are the baseline's, yet " : '';
    return fail(`${rules}${howItEnded(result)}`, { source: result.command });
  }
  if (judged.verdict !== 'pass') return judged;
  const answer = await service.request();
  return answer.works
    ? { ...judged, explanation: `${judged.explanation}; the service works again` }
    : fail(`after the rollback the service still fails: ${answer.why}`, {
        source: 'service of the drill',
      });
}

/** Rolled back once more, the candidate is in force again: the two policies change places. */
export async function rollBackAgain(stage: DrillStage): Promise<Judgement> {
  const { guarded, needed } = stage.prepared();
  const result = await stage.command('policy', 'rollback');
  if (result.exitCode !== 0) throw failed(howItEnded(result), { source: result.command });
  return stage.shows('the second rollback', { denied: [guarded, needed], free: [] });
}

/** After all that going back, an ordinary apply works, and is recorded as what it is. */
export async function laterApply(stage: DrillStage): Promise<Judgement> {
  const { guarded, needed, baselinePolicy } = stage.prepared();
  await stage.apply(baselinePolicy);
  const judged = await stage.shows('the later apply', { denied: [guarded], free: [needed] });
  return judged.verdict === 'pass' ? judgeRecord(stage, 'the later apply') : judged;
}
