import { type CommandResult, howItEnded, outputText, runCommand } from '../../agent/command.ts';
import { parseHealth } from '../../agent/contract/health.ts';
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
const HEALTH = 'rollback/health-without-lsm.json';

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
  const candidate = toldOfNoLsm(stage, 'gate');
  const start = await startWithoutLsm(stage, candidate, 'gate', []);
  const told = await toldBy(start);
  const health = await runCommand(candidate, 'health', '--json', '--require-enforce');
  stage.run.directory.writeText(HEALTH, health.stdoutBytes);
  await stage.startAgent({ name: 'after-gate' });
  const judged = judgeGate(told);
  return judged.verdict === 'pass' ? judgeRequiredEnforce(judged, health) : judged;
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

/**
 * Whoever asks whether a node can enforce, as the agent's readiness probe does, must be told that this one cannot
 * (docs/agent-contract.md §2.1).
 * @param ended how the start ended, where it ended as it must.
 */
export function judgeRequiredEnforce(ended: Judgement, result: CommandResult): Judgement {
  const asked = '`health --json --require-enforce`';
  const { exitCode, stderr } = result;
  if (stderr.startsWith('Usage: '))
    return { ...ended, explanation: `${ended.explanation}; this version has no ${asked}` };
  const measured = { value: exitCode ?? 'no exit code', limit: 'not 0', source: HEALTH };
  const parsed = parseHealth(result.stdout);
  if (!parsed.ok || exitCode === undefined)
    return inconclusive(
      `as if the kernel had no BPF LSM, ${howItEnded(result)}${parsed.ok ? '' : `, which cannot be read (${parsed.error})`}; so nothing is known of what a readiness probe would be told`,
      measured,
    );
  const { capability, mode, features } = parsed.value;
  if (features.bpf_lsm)
    return inconclusive(
      `told by AEGIS_LSM_PATH that the kernel has no BPF LSM, ${asked} says bpf_lsm=true, so nothing is known of a kernel that has none`,
      measured,
    );
  if (exitCode === 0)
    return fail(
      `as if the kernel had no BPF LSM, ${asked} ended with exit code 0: a readiness probe takes a node for ready that cannot enforce`,
      measured,
    );
  if (capability === 'Full' || mode === 'enforce')
    return fail(
      `as if the kernel had no BPF LSM, \`health --json\` says capability=${capability}, mode=${mode}: whoever reads it takes the node for one that enforces`,
      { value: capability, limit: 'AuditOnly', source: HEALTH },
    );
  return {
    ...ended,
    explanation: `${ended.explanation}; ${asked} ends there with exit code ${exitCode}, capability=${capability}`,
  };
}
