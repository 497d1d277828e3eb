import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import type { DrillStage } from './stage.ts';
import { mustHave } from './usage.ts';
import { endOf, reasons, startWithoutLsm, toldOfNoLsm } from './without-bpf-lsm.ts';

/** Without this the agent would refuse to start degraded at all, strict or not (docs/agent-contract.md §5.1). */
const FALL_BACK = '--enforce-gate-mode=audit-fallback';
const source = 'rollback/';

/** `--strict-degrade`: an agent that cannot enforce as asked ends, and does not go on auditing. */
export async function strictDegradeEnds(stage: DrillStage): Promise<Judgement> {
  await mustHave(stage, '--strict-degrade');
  await stage.stopAgent();
  const candidate = toldOfNoLsm(stage, 'strict');
  const control = await startWithoutLsm(stage, candidate, 'degraded', [FALL_BACK]);
  if (control.endedByItself || reasons(control.stopped) === 'none') {
    throw noEvidence(
      `without --strict-degrade the same start was expected to go on degraded, and ended with ${endOf(control.stopped)}, state changes: ${reasons(control.stopped)}; so nothing is known about the option`,
      { source },
    );
  }
  const strict = await startWithoutLsm(stage, candidate, 'strict', [FALL_BACK, '--strict-degrade']);
  const measured = { value: endOf(strict.stopped), limit: 'exit code 1', source };
  await stage.startAgent({ name: 'after-strict' });
  return strict.endedByItself && strict.stopped.exit.exitCode === 1
    ? pass(
        `degraded (${reasons(strict.stopped)}) the agent ended with exit code 1; without the option it went on (${reasons(control.stopped)})`,
        measured,
      )
    : fail(
        `with --strict-degrade the agent went on although it was degraded (${reasons(strict.stopped)}); ${strict.endedByItself ? 'it ended' : 'it had to be stopped'} with ${endOf(strict.stopped)}`,
        measured,
      );
}
