import { howItEnded } from '../../agent/command.ts';
import { fail, type Judgement, pass } from '../../criteria/judgement.ts';
import { laterRecordAgrees } from './record.ts';
import type { DrillStage } from './stage.ts';

const source = 'service of the drill';

/** The policy that production runs today. */
export async function applyBaseline(stage: DrillStage): Promise<Judgement> {
  const { service, baselinePolicy } = stage.prepared();
  await stage.apply(baselinePolicy);
  await stage.startAgent();
  const judged = await stage.shows('the baseline policy', 'baseline');
  if (judged.verdict !== 'pass') return judged;
  const why = await service.request();
  return why === undefined
    ? { ...judged, explanation: `${judged.explanation}; the service works` }
    : fail(`the service does not work under the baseline policy: ${why}`, { source });
}

/** The new policy, with a mistake in it. */
export async function applyCandidate(stage: DrillStage): Promise<Judgement> {
  await stage.apply(stage.prepared().candidatePolicy);
  return stage.shows('the candidate policy', 'candidate');
}

/** The controlled failure: a service that needs the file cannot do its work any more. */
export async function serviceFails(stage: DrillStage): Promise<Judgement> {
  const { needed, service } = stage.prepared();
  const why = await service.request();
  const measured = { value: why ?? 'works', limit: 'a failure', source };
  return why === undefined
    ? fail(
        'the service that the candidate policy breaks still works: there is no failure to roll back',
        measured,
      )
    : pass(`the service that reads ${needed.path} fails: ${why}`, measured);
}

export async function rollBack(stage: DrillStage): Promise<Judgement> {
  const { service } = stage.prepared();
  const result = await stage.run.command('policy', 'rollback');
  const judged = await stage.shows('the rollback', 'baseline');
  if (result.exitCode !== 0) {
    const rules = judged.verdict === 'pass' ? "the rules are the baseline's, yet " : '';
    return fail(`${rules}${howItEnded(result)}`, { source: result.command });
  }
  if (judged.verdict !== 'pass') return judged;
  const why = await service.request();
  return why === undefined
    ? { ...judged, explanation: `${judged.explanation}; the service works again` }
    : fail(`after the rollback the service still fails: ${why}`, { source });
}

/** Rolled back once more, the candidate is in force again: the two policies change places. */
export async function rollBackAgain(stage: DrillStage): Promise<Judgement> {
  await stage.succeeds('policy', 'rollback');
  return stage.shows('the second rollback', 'candidate');
}

/** After all that going back, an ordinary apply works, and is recorded as what it is; a trial of another one changes nothing. */
export async function laterApply(stage: DrillStage): Promise<Judgement> {
  await stage.apply(stage.prepared().baselinePolicy);
  const judged = await stage.shows('the later apply', 'baseline');
  if (judged.verdict !== 'pass') return judged;
  const recorded = await laterRecordAgrees(stage);
  return recorded.verdict === 'pass' ? dryRunChangesNothing(stage, recorded) : recorded;
}

/** Whoever tries a policy on a host of production relies on that. @param recorded where this version has no dry run. */
async function dryRunChangesNothing(stage: DrillStage, recorded: Judgement): Promise<Judgement> {
  const { candidatePolicy } = stage.prepared();
  const result = await stage.run.command('policy', 'apply', candidatePolicy, '--dry-run');
  if (result.exitCode === 1 && result.stderr.startsWith('Usage: ')) return recorded;
  const seen = await stage.shows('a dry run of the candidate policy', 'baseline');
  if (seen.verdict !== 'pass') return seen;
  if (result.exitCode !== 0) return fail(howItEnded(result), { source: result.command });
  const later = await laterRecordAgrees(stage, 'a dry run of the candidate policy');
  if (later.verdict !== 'pass') return later;
  return { ...recorded, explanation: `${recorded.explanation}; a dry run changes neither` };
}
