import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { kernelDevice } from '../../agent/contract/kernel-device.ts';
import { agentPaths } from '../../changes/agent-state.ts';
import { type RuleList, rulesOnlyOnDisk, ruleText } from '../../changes/rules.ts';
import {
  inconclusive,
  type Judgement,
  JudgementError,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { DrillStage } from './stage.ts';

/** The agent refuses longer ones (docs/agent-contract.md §1.4). */
const MAX_PATH_BYTES = 255;
/** Sections whose rules are all in `block list`, so that a policy of paths brings them back. */
const PLAIN_SECTIONS = ['deny_path', 'deny_inode'];

/** Why a file rule could not be set again by its path, or undefined when it could. */
function whyNotByPath(rule: RuleList['files'][number]): string | undefined {
  const { path, ino, dev } = rule;
  // The agent's list cuts a path at its first blank (docs/agent-contract.md §1.4).
  if (path === undefined) return 'it has no path';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES || path.includes('\n'))
    return 'its path fits no policy';
  try {
    const stat = statSync(path, { bigint: true });
    const sameDevice =
      dev === undefined || dev === Number(stat.dev) || dev === kernelDevice(stat.dev);
    return Number(stat.ino) === ino && sameDevice
      ? undefined
      : 'its path leads to another file by now';
  } catch {
    return 'its path leads nowhere';
  }
}

/** Sections of the recorded policy whose rules no list shows, such as protect_path or deny_comm. */
function hiddenSections(hostRoot: string): string[] {
  const path = join(agentPaths(hostRoot).dataDirectory, 'policy.applied');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  const names = lines.flatMap((line) => /^\[([^\]]*)\]$/.exec(line.trim())?.[1]?.trim() ?? []);
  return [...new Set(names)].filter((name) => !PLAIN_SECTIONS.includes(name));
}

/** Every rule of the host that the drill could not bring back, each with the reason. */
export function unrestorable(rules: RuleList, hostRoot: string): string[] {
  const inNoFile = 'such rules are in no file, and a policy apply removes them';
  return [
    ...rules.files.flatMap((rule) => {
      const why = whyNotByPath(rule);
      return why === undefined ? [] : [`${ruleText(rule)}: ${why}`];
    }),
    ...[...rules.network, ...rules.cgroupRules].map((rule) => `${rule}: ${inNoFile}`),
    ...rules.allowedCgroups.map((id) => `allowed cgroup ${id}: ${inNoFile}`),
    ...rulesOnlyOnDisk(rules, hostRoot).map(
      (rule) => `${rule}: start the service once, or remove what is no longer wanted`,
    ),
    ...hiddenSections(hostRoot).map(
      (name) => `[${name}] of the recorded policy: no list of the agent shows these rules`,
    ),
  ];
}

/** Criteria that take a soak's rules back. */
const TAKE_BACK = ['audit.release', 'enforce.release'];

/** Rules of this run that the host does not lose: the end of a soak did not take them back. */
function ownOf({ network }: RuleList, run: CanaryRun): string[] {
  const pending = run.begunJournal()?.read()?.pending ?? [];
  const ours = pending.flatMap(({ entry }) =>
    entry.kind === 'network-rule' ? [`ports: ${entry.arguments.at(-1)} (`] : [],
  );
  return network.filter((rule) => ours.some((beginning) => rule.startsWith(beginning)));
}

/** @throws JudgementError (inconclusive) where rules of this run are left, which says nothing of the host. */
function mustHaveNoneOfOurs(run: CanaryRun, rules: RuleList): void {
  const own = ownOf(rules, run);
  if (own.length === 0) return;
  const records = run.directory.criteria();
  const cause = TAKE_BACK.find((id) =>
    ['fail', 'inconclusive'].includes(records.get(id)?.verdict ?? ''),
  );
  const judgement = inconclusive(
    `${counted(own.length, 'rule')} of this run (${own.join('; ')}) could not be taken back after the soak, so the agent's rules are not those of the host; the end of the run takes them back, run this phase alone`,
    { value: own.length, limit: 0, unit: 'rules', source: 'aegisbpf network deny list' },
  );
  throw new JudgementError(cause === undefined ? judgement : { ...judgement, follows: cause });
}

/** @throws JudgementError (inconclusive) where a policy of ours would cost the host a rule. */
export function mustBeRestorable(run: CanaryRun, rules: RuleList): void {
  mustHaveNoneOfOurs(run, rules);
  const lost = unrestorable(rules, run.settings.HOST_ROOT);
  if (lost.length === 0) return;
  throw noEvidence(
    `a policy replaces all rules of a host, and ${lost.length} of this one could not be restored (${lost[0]}); use a staging host without them`,
    { value: lost.length, limit: 0, unit: 'rules' },
  );
}

/**
 * `policy apply` replaces every rule on the host (docs/agent-contract.md §6.5). File rules that a policy
 * can name stay in force through the whole drill, because each of its policies names them too.
 */
export async function hostIsRestorable(stage: DrillStage): Promise<Judgement> {
  const rules = await stage.run.rules();
  mustHaveNoneOfOurs(stage.run, rules);
  const lost = unrestorable(rules, stage.run.settings.HOST_ROOT);
  const source = 'aegisbpf block list, network deny list, cgroup deny list, allow list';
  if (lost.length > 0) {
    const first = lost.slice(0, 5).join('; ');
    throw noEvidence(
      `the drill could not restore ${counted(lost.length, 'rule')} of this host (${first}${lost.length > 5 ? '; …' : ''}), and it replaces all rules; use a staging host without them`,
      { value: lost.length, limit: 0, unit: 'rules', source },
    );
  }
  const { hostPaths } = await stage.prepare(rules);
  return pass(
    hostPaths.length === 0
      ? 'no rule on this host; policy files and pins were recorded'
      : `${counted(hostPaths.length, 'file rule')} of this host in force through the drill; policy files and pins were recorded`,
    { value: 0, limit: 0, unit: 'rules that could not be restored', source },
  );
}
