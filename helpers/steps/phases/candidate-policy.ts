import { dirname } from 'node:path';
import { type CommandResult, howItEnded } from '../../agent/command.ts';
import { ownDirectory, ownInput } from '../../changes/own-file.ts';
import { rulesOnlyOnDisk, ruleText } from '../../changes/rules.ts';
import { STICKY_SECTIONS } from '../../coverage/host-attempts.ts';
import { sectionsOf } from '../../coverage/policy-sample.ts';
import { failed, noEvidence } from '../../criteria/judgement.ts';
import type { Settings } from '../../settings/settings.ts';
import { inWords } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';

/** The first version of a policy that may have these sections; the others may be in any (docs/agent-contract.md §1.5). */
const FIRST_VERSION: Readonly<Record<string, number>> = {
  ...{ deny_binary_hash: 3, scan_paths: 3 },
  ...{ allow_binary_hash: 3, protect_path: 4, protect_connect: 4 },
  ...{ cgroup_deny_inode: 6, cgroup_deny_ip: 6, cgroup_deny_port: 6 },
};

/** A policy of these sections, each with its lines; without any, applying it with --reset removes every rule. */
export function policyOf(sections: Readonly<Record<string, readonly string[]>>): string {
  const used = Object.entries(sections).filter(([, lines]) => lines.length > 0);
  const version = Math.max(1, ...used.map(([name]) => FIRST_VERSION[name] ?? 1));
  return used.reduce(
    (text, [name, lines]) => `${text}\n[${name}]\n${lines.join('\n')}\n`,
    `version=${version}\n`,
  );
}

/** A policy that denies these paths. */
export const policyText = (paths: readonly string[]) => policyOf({ deny_path: paths });

/**
 * `policy apply` replaces every rule on the host (docs/agent-contract.md §6.5). It is only used where
 * there is none to lose; network rules and allow entries are in no file and could not be restored.
 * @throws JudgementError (inconclusive) naming the rules that stand in the way.
 */
async function refuseForeignRules(run: CanaryRun): Promise<void> {
  const rules = await run.rules();
  const foreign = [
    ...rules.files.map(ruleText),
    ...rules.network,
    ...rules.cgroupRules,
    ...rules.allowedCgroups.map((id) => `allowed cgroup ${id}`),
    ...rulesOnlyOnDisk(rules, run.settings.HOST_ROOT),
  ];
  if (foreign.length === 0) return;
  const first = foreign.slice(0, 5).join(', ');
  throw noEvidence(
    `this host carries ${foreign.length} rules (${first}${foreign.length > 5 ? ', …' : ''}), and applying CANDIDATE_POLICY replaces all rules of a host: they could not be restored with certainty; use a staging host without rules`,
    {
      value: foreign.length,
      limit: 0,
      unit: 'rules',
      source: 'aegisbpf block list, network deny list, cgroup deny list, allow list',
    },
  );
}

/** What is asked of a run here. */
interface AppliesTo extends Pick<CanaryRun, 'startedWithoutPins'> {
  readonly settings: Pick<Settings, 'DISPOSABLE_HOST'>;
}

/**
 * No policy takes these sections back, ours neither (docs/agent-contract.md §6.5): they go with the agent's pins, which stay where
 * they were before the run.
 * @throws JudgementError (inconclusive) naming the sections that would stay on this host.
 */
export function refuseWhatStays(run: AppliesTo, policy: string): void {
  if (run.settings.DISPOSABLE_HOST || run.startedWithoutPins()) return;
  const sections = sectionsOf(policy);
  const stays = STICKY_SECTIONS.filter((name) => sections.has(name)).map((name) => `[${name}]`);
  if (stays.length === 0) return;
  throw noEvidence(
    `CANDIDATE_POLICY has ${inWords(stays)}, which no policy takes back: that goes with the agent's pins, and this host had them before the run; use a staging host without pins, or set DISPOSABLE_HOST=1 on one that is thrown away`,
    { value: stays.length, limit: 0, unit: 'sections', source: 'host-before.json' },
  );
}

/** A policy of ours that is, or may be, applied to the host. */
export interface AppliedPolicy {
  readonly id: string;
  readonly emptyPolicy: string;
}

/**
 * Writes the journal entry and the policy that undoes any policy of ours.
 * @param hostPaths paths of the host's own file rules, which that policy keeps.
 */
export async function journalPolicy(
  run: CanaryRun,
  hostPaths: readonly string[] = [],
): Promise<AppliedPolicy> {
  const journal = await run.journal();
  const directory = ownDirectory(run.settings.PROBE_DIR, journal);
  const emptyPolicy = ownInput(directory, 'empty.policy', policyText(hostPaths));
  return { id: journal.record({ kind: 'policy', emptyPolicy }), emptyPolicy };
}

/** Removes every rule of a policy of ours. @returns how the agent answered. */
export async function removePolicy(run: CanaryRun, applied: AppliedPolicy): Promise<CommandResult> {
  const { emptyPolicy, id } = applied;
  const result = await run.command('policy', 'apply', emptyPolicy, '--reset', '--no-rollback');
  if (result.exitCode === 0) (await run.journal('undo')).strike(id);
  return result;
}

/**
 * Applies the operator's CANDIDATE_POLICY before a phase, where one is named.
 * @returns what `removePolicy` needs, or undefined without one.
 */
export async function applyCandidatePolicy(run: CanaryRun): Promise<AppliedPolicy | undefined> {
  const { CANDIDATE_POLICY: named, candidatePolicy } = run.settings;
  if (candidatePolicy === undefined) return undefined;
  await refuseForeignRules(run);
  // As it was when the run began: every phase is of the same policy, whatever somebody does to the file.
  const content = Buffer.from(candidatePolicy, 'base64');
  refuseWhatStays(run, content.toString('utf8'));
  const applied = await journalPolicy(run);
  const path = ownInput(dirname(applied.emptyPolicy), 'candidate.policy', content);
  const result = await run.command('policy', 'apply', path, '--reset');
  if (result.exitCode !== 0)
    throw failed(`CANDIDATE_POLICY=${named}: ${howItEnded(result)}`, { source: result.command });
  return applied;
}
