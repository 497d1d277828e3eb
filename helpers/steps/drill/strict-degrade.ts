import type { Candidate } from '../../agent/command.ts';
import type { StoppedDaemon } from '../../agent/daemon.ts';
import { ownInput } from '../../changes/own-file.ts';
import {
  fail,
  type Judgement,
  JudgementError,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import type { DrillStage } from './stage.ts';
import { mustHave } from './usage.ts';

/** Without this the agent would refuse to start degraded at all, strict or not (docs/agent-contract.md §5.1). */
const FALL_BACK = '--enforce-gate-mode=audit-fallback';
const source = 'rollback/';

/** A start on a kernel that, as the agent is told, lacks BPF LSM: it can only be degraded. */
async function degradedStart(
  stage: DrillStage,
  candidate: Candidate,
  name: string,
  more: readonly string[],
): Promise<{ endedByItself: boolean; stopped: StoppedDaemon }> {
  const starting = await stage.launch({ name, candidate, more: [FALL_BACK, ...more] });
  // It cannot become ready as asked: what it says and how it ends is looked at below.
  await starting.ready().catch((error: unknown) => {
    if (!(error instanceof JudgementError)) throw error;
  });
  const stopped = await starting.stop();
  return { endedByItself: stopped.exit.stopMs === undefined, stopped };
}

const reasons = ({ events }: StoppedDaemon) =>
  events.stateChanges.map((change) => change.reason_code).join(', ') || 'none';

/** `--strict-degrade`: an agent that cannot enforce as asked ends, and does not go on auditing. */
export async function strictDegradeEnds(stage: DrillStage): Promise<Judgement> {
  await mustHave(stage, '--strict-degrade');
  await stage.stopAgent();
  const { directory } = stage.prepared();
  const lsmList = ownInput(directory, 'lsm-without-bpf', 'lockdown,capability\n');
  // The agent's own way to be told another LSM list (docs/agent-contract.md §7): nothing on the host changes.
  const environment = { ...stage.run.candidate.environment, AEGIS_LSM_PATH: lsmList };
  const candidate = { ...stage.run.candidate, environment };
  const control = await degradedStart(stage, candidate, 'degraded', []);
  if (control.endedByItself || reasons(control.stopped) === 'none') {
    throw noEvidence(
      `without --strict-degrade the same start was expected to go on degraded, and ended with ${end(control.stopped)}, state changes: ${reasons(control.stopped)}; so nothing is known about the option`,
      { source },
    );
  }
  const strict = await degradedStart(stage, candidate, 'strict', ['--strict-degrade']);
  const measured = { value: end(strict.stopped), limit: 'exit code 1', source };
  await stage.startAgent({ name: 'after-strict' });
  return strict.endedByItself && strict.stopped.exit.exitCode === 1
    ? pass(
        `degraded (${reasons(strict.stopped)}) the agent ended with exit code 1; without the option it went on (${reasons(control.stopped)})`,
        measured,
      )
    : fail(
        `with --strict-degrade the agent went on although it was degraded (${reasons(strict.stopped)}); ${strict.endedByItself ? 'it ended' : 'it had to be stopped'} with ${end(strict.stopped)}`,
        measured,
      );
}

function end({ exit }: StoppedDaemon): string {
  return exit.signal ?? `exit code ${exit.exitCode}`;
}
