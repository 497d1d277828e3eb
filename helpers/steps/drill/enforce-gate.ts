import { outputText } from '../../agent/command.ts';
import { fail, inconclusive, type Judgement, pass } from '../../criteria/judgement.ts';
import type { DrillStage } from './stage.ts';
import { mustHave } from './usage.ts';
import {
  endOf,
  reasons,
  type StartWithoutLsm,
  startWithoutLsm,
  toldOfNoLsm,
} from './without-bpf-lsm.ts';

const source = 'rollback/';

/** What a start said of itself and how it ended. */
export interface GatedStart {
  readonly endedByItself: boolean;
  /** In words: its exit code or signal. */
  readonly end: string;
  readonly exitCode: number | undefined;
  /** What it said when it had started; undefined where it did not get so far. */
  readonly started?: { readonly audits: boolean; readonly lsmEnabled: boolean } | undefined;
  readonly reasons: string;
  readonly lastWords: string;
}

/**
 * A node that boots a kernel without BPF LSM must not audit where everybody takes it to enforce: its unit would be active, and nobody
 * would look. The next start, with the host's own list, shows that it was the list which ended this one.
 */
export async function enforcingStartEnds(stage: DrillStage): Promise<Judgement> {
  await mustHave(stage, '--enforce-gate-mode');
  await stage.stopAgent();
  const start = await startWithoutLsm(stage, toldOfNoLsm(stage, 'gate'), 'gate', []);
  const told = await toldBy(start);
  await stage.startAgent({ name: 'after-gate' });
  return judgeGate(told);
}

async function toldBy({ endedByItself, stopped }: StartWithoutLsm): Promise<GatedStart> {
  const { exit, log } = stopped;
  // All of its log is read by now.
  const started = log.starts === 0 ? undefined : await log.untilStarted(0);
  return {
    ...{ endedByItself, end: endOf(stopped), exitCode: exit.exitCode },
    started: started?.ok
      ? { audits: started.value.audit_only, lsmEnabled: started.value.lsm_enabled }
      : undefined,
    ...{ reasons: reasons(stopped), lastWords: outputText(log.lastWords) },
  };
}

/** It must end, with an exit code that says so, before it says that it has started. */
export function judgeGate(start: GatedStart): Judgement {
  const { endedByItself, end, exitCode, started, lastWords } = start;
  const measured = { value: started === undefined ? end : 'started', limit: 'refused', source };
  if (started?.lsmEnabled)
    return inconclusive(
      'told by AEGIS_LSM_PATH that the kernel has no BPF LSM the agent says lsm_enabled=true, so nothing is known of a kernel that has none',
      measured,
    );
  if (started !== undefined)
    return fail(
      `told to enforce as if the kernel had no BPF LSM, the agent went on and ${started.audits ? 'audits' : 'says that it enforces'} (${start.reasons}): a node that boots such a kernel denies nothing, and its service looks well`,
      measured,
    );
  if (!endedByItself || exitCode === undefined)
    return inconclusive(
      `told to enforce as if the kernel had no BPF LSM, the agent ${endedByItself ? `ended with ${end}` : 'neither said that it had started nor ended'}; its last words: ${lastWords}`,
      measured,
    );
  return exitCode === 0
    ? fail(
        `told to enforce as if the kernel had no BPF LSM, the agent ended with exit code 0, so whoever starts it sees no refusal; its last words: ${lastWords}`,
        measured,
      )
    : pass(
        `told to enforce as if the kernel had no BPF LSM, the agent ended with ${end} (${lastWords}); with the host's own list it starts`,
        measured,
      );
}
