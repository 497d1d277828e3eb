import { existsSync, readdirSync } from 'node:fs';
import { parseEmergencyStatus } from '../../agent/contract/emergency.ts';
import {
  agentPaths,
  agentStateDifferences,
  restoreAgentState,
  snapshotAgentState,
} from '../../changes/agent-state.ts';
import { type RuleList, ruleText } from '../../changes/rules.ts';
import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';

/** The host as the drill found it: rules, the agent's files and the pins. Nothing bypassed enforcement: the preflight saw to it. */
export type DrillSnapshot = ReturnType<typeof takeSnapshot>;

const ruleTexts = (rules: RuleList) =>
  [
    ...rules.files.map(ruleText),
    ...rules.network,
    ...rules.cgroupRules,
    ...rules.allowedCgroups.map((id) => `allowed cgroup ${id}`),
  ].sort();

function pinNames(run: CanaryRun): string[] {
  const { pinDirectory } = agentPaths(run.settings.HOST_ROOT);
  return existsSync(pinDirectory) ? readdirSync(pinDirectory).sort() : [];
}

/** True while enforcement is bypassed; versions without the switch cannot be bypassed by it. */
async function emergencyDisabled(run: CanaryRun): Promise<boolean> {
  const result = await run.command('emergency-status', '--json');
  if (result.stderr.startsWith('Usage: ')) return false;
  const parsed = parseEmergencyStatus(result.stdout);
  if (parsed.ok && parsed.value.kernel_state_known) return parsed.value.enabled;
  throw noEvidence(
    `the emergency state in the kernel is unknown${parsed.ok ? '' : `: ${parsed.error}`}`,
    { source: result.command },
  );
}

/** Records the host as it is before the drill's first change. */
export function takeSnapshot(run: CanaryRun, rules: RuleList) {
  const snapshot = {
    rules: ruleTexts(rules),
    pins: pinNames(run),
    files: snapshotAgentState(run.settings.HOST_ROOT),
  };
  run.directory.directory('rollback');
  run.directory.writeJson('rollback/host-before.json', {
    ...snapshot,
    files: snapshot.files.files.map(({ name, content }) => ({ name, present: content !== null })),
  });
  return snapshot;
}

/** Puts the agent's files back as they were before the drill, and compares all the rest, one by one. */
export async function hostIsAsBefore(run: CanaryRun, before: DrillSnapshot): Promise<Judgement> {
  const problems = restoreAgentState(before.files);
  const rules = ruleTexts(await run.rules());
  const compare = (what: string, was: readonly string[], is: readonly string[]) => [
    ...was.filter((one) => !is.includes(one)).map((one) => `the ${what} ${one} is gone`),
    ...is.filter((one) => !was.includes(one)).map((one) => `the ${what} ${one} is new`),
  ];
  const differences = [
    ...problems,
    ...compare('rule', before.rules, rules),
    ...compare('pin', before.pins, pinNames(run)),
    ...((await emergencyDisabled(run))
      ? ['enforcement is bypassed by an emergency-disable, and was not before the drill']
      : []),
    ...agentStateDifferences(before.files),
  ];
  const source = 'rollback/host-before.json';
  const measured = { value: differences.length, limit: 0, unit: 'differences', source };
  return differences.length === 0
    ? pass(
        `as before the drill: ${before.rules.length} rules, ${before.pins.length} pins, no emergency-disable, and the agent's files byte for byte`,
        measured,
      )
    : fail(`the drill left the host changed: ${differences.join('; ')}`, measured);
}
