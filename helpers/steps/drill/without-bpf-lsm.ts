import type { Candidate } from '../../agent/command.ts';
import type { StoppedDaemon } from '../../agent/daemon.ts';
import { ownInput } from '../../changes/own-file.ts';
import { JudgementError } from '../../criteria/judgement.ts';
import type { DrillStage } from './stage.ts';

/** How a start on a kernel that, as the agent is told, lacks BPF LSM came to its end. */
export interface StartWithoutLsm {
  readonly endedByItself: boolean;
  readonly stopped: StoppedDaemon;
}

/** The candidate, told by its own way to be told another LSM list (docs/agent-contract.md §7): nothing on the host changes. */
export function toldOfNoLsm(stage: DrillStage, step: string): Candidate {
  const { directory } = stage.prepared();
  const lsmList = ownInput(directory, `lsm-without-bpf-${step}`, 'lockdown,capability\n');
  const environment = { ...stage.run.candidate.environment, AEGIS_LSM_PATH: lsmList };
  return { ...stage.run.candidate, environment };
}

/** An enforcing start that can only be degraded; it is stopped where it goes on. */
export async function startWithoutLsm(
  stage: DrillStage,
  candidate: Candidate,
  name: string,
  more: readonly string[],
): Promise<StartWithoutLsm> {
  const starting = await stage.launch({ name, candidate, more });
  // It cannot become ready as asked: what it says and how it ends is looked at by the steps.
  await starting.ready().catch((error: unknown) => {
    if (!(error instanceof JudgementError)) throw error;
  });
  const stopped = await starting.stop();
  return { endedByItself: stopped.exit.stopMs === undefined, stopped };
}

export const reasons = ({ events }: StoppedDaemon): string =>
  events.stateChanges.map((change) => change.reason_code).join(', ') || 'none';

export const endOf = ({ exit }: StoppedDaemon): string =>
  exit.signal ?? `exit code ${exit.exitCode}`;
