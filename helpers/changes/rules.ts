import { statSync } from 'node:fs';
import {
  type Candidate,
  type CommandResult,
  howItEnded,
  runCommand,
  shownOutput,
} from '../agent/command.ts';
import type { Parsed } from '../agent/contract/parsed.ts';
import {
  type BlockRule,
  parseAllowList,
  parseBlockList,
  parseNetworkDenyList,
} from '../agent/contract/rules.ts';
import { failed, noEvidence } from '../criteria/judgement.ts';
import type { Journal } from './journal.ts';
import type { OwnFile } from './own-file.ts';

/** Everything the agent holds rules of, as its own lists show it. */
export interface RuleList {
  readonly files: readonly BlockRule[];
  readonly network: readonly string[];
  /** Ids of allow-listed cgroups, without the agent's own, which it adds at every start. */
  readonly allowedCgroups: readonly string[];
  /** Whether its own cgroup is among them. */
  readonly agentIsAllowed: boolean;
  readonly cgroupRules: readonly string[];
}

/** `cgroup deny list`: headings that end in a colon, entries indented by two blanks. */
function parseCgroupRules(text: string): Parsed<readonly string[]> {
  const rules: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || (!line.startsWith(' ') && line.endsWith(':'))) continue;
    if (!line.startsWith('  '))
      return {
        ok: false,
        error: `expected a heading or an indented rule, saw ${shownOutput(line)}`,
      };
    rules.push(line.trim());
  }
  return { ok: true, value: rules };
}

/** Rules of single cgroups; versions before 0.10 know none and answer with their usage. */
async function listCgroupRules(
  candidate: Candidate,
  timeoutSeconds: number,
): Promise<readonly string[]> {
  const args = ['cgroup', 'deny', 'list'];
  const result = await runCommand(candidate, args, timeoutSeconds);
  if (result.exitCode === 1 && result.stderr.startsWith('Usage: ')) return [];
  if (result.exitCode !== 0) throw noEvidence(howItEnded(result), { source: result.command });
  const parsed = parseCgroupRules(result.stdout);
  if (parsed.ok) return parsed.value;
  throw noEvidence(`the answer of \`${result.command}\` cannot be read: ${parsed.error}`, {
    source: result.command,
  });
}

/**
 * Inodes that no rule denies. Every start of the agent adds some to the pinned map, and no command
 * takes one out; versions without the list answer with their usage.
 */
export async function listSurvivors(
  candidate: Candidate,
  timeoutSeconds: number,
): Promise<readonly string[]> {
  const result = await runCommand(candidate, ['survival', 'list'], timeoutSeconds);
  if (result.exitCode === 1 && result.stderr.startsWith('Usage: ')) return [];
  if (result.exitCode !== 0) throw noEvidence(howItEnded(result), { source: result.command });
  const lines = result.stdout.split('\n').filter((line) => line.startsWith('  '));
  return lines.map((line) => line.trim());
}

/** A cgroup's id is the inode number of its directory (bpf_get_current_cgroup_id, bpf-helpers(7)). */
export function cgroupId(directory: string): string | undefined {
  return statSync(directory, { bigint: true, throwIfNoEntry: false })?.ino.toString();
}

async function listed<T>(
  candidate: Candidate,
  args: readonly string[],
  timeoutSeconds: number,
  parse: (text: string) => Parsed<T>,
): Promise<T> {
  const result = await runCommand(candidate, args, timeoutSeconds);
  if (result.exitCode !== 0) throw noEvidence(howItEnded(result), { source: result.command });
  const parsed = parse(result.stdout);
  if (!parsed.ok) {
    throw noEvidence(`the answer of \`${result.command}\` cannot be read: ${parsed.error}`, {
      source: result.command,
    });
  }
  return parsed.value;
}

/** The file rules of `block list`. @throws JudgementError (inconclusive) when it cannot be read. */
export function listFileRules(
  candidate: Candidate,
  timeoutSeconds: number,
): Promise<readonly BlockRule[]> {
  return listed(candidate, ['block', 'list'], timeoutSeconds, parseBlockList);
}

/** The entries of `network deny list`. @throws JudgementError (inconclusive) when it cannot be read. */
export async function listNetworkRules(
  candidate: Candidate,
  timeoutSeconds: number,
): Promise<readonly string[]> {
  const args = ['network', 'deny', 'list'];
  return Object.values(await listed(candidate, args, timeoutSeconds, parseNetworkDenyList)).flat();
}

/** Every list of rules that the agent has. @throws JudgementError (inconclusive) when one cannot be read. */
export async function listRules(
  candidate: Candidate,
  timeoutSeconds: number,
  agentCgroup: string,
): Promise<RuleList> {
  const networkList = ['network', 'deny', 'list'];
  const [files, network, allowed, cgroupRules] = await Promise.all([
    listFileRules(candidate, timeoutSeconds),
    listed(candidate, networkList, timeoutSeconds, parseNetworkDenyList),
    listed(candidate, ['allow', 'list'], timeoutSeconds, parseAllowList),
    listCgroupRules(candidate, timeoutSeconds),
  ]);
  const own = cgroupId(agentCgroup);
  const allowedIds = allowed.map(String);
  return {
    files,
    network: Object.entries(network).flatMap(([kind, entries]) =>
      entries.map((entry) => `${kind}: ${entry}`),
    ),
    allowedCgroups: allowedIds.filter((id) => id !== own),
    agentIsAllowed: own !== undefined && allowedIds.includes(own),
    cgroupRules,
  };
}

/** The rules on exactly this file: device and inode in full, never a text prefix (weakness A4). */
export function rulesOn(rules: readonly BlockRule[], file: OwnFile): readonly BlockRule[] {
  return rules.filter((rule) => rule.ino === file.ino && isDevice(rule.dev, file));
}

/** `block list` shows st_dev or the kernel's encoding, by version; both name our device only. */
function isDevice(dev: number | undefined, file: OwnFile): boolean {
  return dev === undefined || dev === file.dev || dev === Number(file.stat.dev);
}

/** A rule in words, for messages. */
export function ruleText(rule: BlockRule): string {
  const inode = `${rule.dev ?? '?'}:${rule.ino}`;
  return rule.path === undefined ? inode : `${rule.path} (${inode})`;
}

/**
 * Adds a deny rule on a file of ours, journalled first. Refuses when the file has a rule already:
 * it would be somebody else's, and removing ours would remove theirs.
 * @param before the rules as they are listed now.
 * @returns the journal entry's id, for `removeRule`.
 */
export async function addRule(
  candidate: Candidate,
  file: OwnFile,
  before: readonly BlockRule[],
  journal: Journal,
  timeoutSeconds: number,
): Promise<string> {
  if (rulesOn(before, file).length > 0) {
    throw noEvidence(`${file.path} already has a deny rule; it is not ours to use or remove`, {
      source: 'aegisbpf block list',
    });
  }
  const id = journal.record({
    kind: 'deny-rule',
    path: file.path,
    dev: String(file.stat.dev),
    ino: String(file.stat.ino),
  });
  const result = await runCommand(candidate, ['block', 'add', file.path], timeoutSeconds);
  if (result.exitCode !== 0) throw failed(howItEnded(result), { source: result.command });
  return id;
}

/** Removes our rule while the file still exists: afterwards it could not be named any more (§1.4). */
export async function removeRule(
  candidate: Candidate,
  file: OwnFile,
  id: string,
  journal: Journal,
  timeoutSeconds: number,
): Promise<CommandResult> {
  const result = await runCommand(candidate, ['block', 'del', file.path], timeoutSeconds);
  if (result.exitCode === 0) journal.strike(id);
  return result;
}
