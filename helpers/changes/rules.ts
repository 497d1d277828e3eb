import { existsSync, readFileSync, statSync } from 'node:fs';
import {
  type Candidate,
  type CommandResult,
  howItEnded,
  outputText,
  runCommand,
} from '../agent/command.ts';
import { accepted, type Parsed, refused } from '../agent/contract/parsed.ts';
import {
  type BlockRule,
  parseAllowList,
  parseBlockList,
  parseDenyDb,
  parseNetworkDenyList,
} from '../agent/contract/rules.ts';
import { type Scrape, scrapeCommand, scrapeEndpoint } from '../agent/scrape.ts';
import { failed, noEvidence } from '../criteria/judgement.ts';
import { agentPaths } from './agent-state.ts';
import { identityOf, type Journal } from './journal.ts';
import type { OwnFile } from './own-file.ts';

/** The metric that tells how many files have a rule. */
export const FILE_RULES = 'aegisbpf_deny_inode_entries';
const NETWORK_RULES = 'aegisbpf_net_rules_total';
/** How full the table behind each list is (docs/agent-contract.md §3.1); of cgroup rules no metric tells. */
const TABLES = {
  files: [FILE_RULES, 'aegisbpf_deny_path_entries'],
  network: [NETWORK_RULES],
  allowed: ['aegisbpf_allow_cgroup_entries'],
} satisfies Record<string, readonly string[]>;

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

/**
 * What a list of the agent holds.
 * @param unknown of a version that has no such list and answers with its usage.
 * @throws JudgementError (inconclusive) when it cannot be read.
 */
async function listed<T>(
  candidate: Candidate,
  args: readonly string[],
  parse: (text: string) => Parsed<T>,
  unknown?: T,
): Promise<T> {
  const result = await runCommand(candidate, ...args);
  const { exitCode, stdout, stderr, command: source } = result;
  if (unknown !== undefined && exitCode === 1 && stderr.startsWith('Usage: ')) return unknown;
  if (exitCode !== 0) throw noEvidence(howItEnded(result), { source });
  const parsed = parse(stdout);
  if (parsed.ok) return parsed.value;
  throw noEvidence(`the answer of \`${source}\` cannot be read: ${parsed.error}`, { source });
}

/** `cgroup deny list`: headings that end in a colon, entries indented by two blanks. */
function parseCgroupRules(text: string): Parsed<readonly string[]> {
  const lines = text
    .split('\n')
    .filter((line) => line !== '' && (line.startsWith(' ') || !line.endsWith(':')));
  const strange = lines.find((line) => !line.startsWith('  '));
  return strange === undefined
    ? accepted(lines.map((line) => line.trim()))
    : refused(`expected a heading or an indented rule, saw ${outputText(strange)}`);
}

/** Inodes that no rule denies. Every start of the agent adds some to the pinned map, and no command takes one out. */
export function listSurvivors(candidate: Candidate): Promise<readonly string[]> {
  const entries = (text: string) =>
    accepted(text.split('\n').flatMap((line) => (line.startsWith('  ') ? [line.trim()] : [])));
  return listed(candidate, ['survival', 'list'], entries, []);
}

/** A cgroup's id is the inode number of its directory (bpf_get_current_cgroup_id, bpf-helpers(7)). */
export function cgroupId(directory: string): string | undefined {
  return statSync(directory, { bigint: true, throwIfNoEntry: false })?.ino.toString();
}

/** The file rules of `block list`. @throws JudgementError (inconclusive) when it cannot be read. */
export function listFileRules(candidate: Candidate): Promise<readonly BlockRule[]> {
  return listed(candidate, ['block', 'list'], parseBlockList);
}

const networkRules = (candidate: Candidate) =>
  listed(candidate, ['network', 'deny', 'list'], parseNetworkDenyList);

/** The entries of `network deny list`. @throws JudgementError (inconclusive) when it cannot be read. */
export async function listNetworkRules(candidate: Candidate): Promise<readonly string[]> {
  return Object.values(await networkRules(candidate)).flat();
}

/** How many files the kernel's table denies, as a scrape tells; undefined where it does not. */
export function ruleCountIn(scrape: Scrape, metric = FILE_RULES): number | undefined {
  const count = scrape.ok ? scrape.metrics.sum(metric) : undefined;
  return count?.ok === true ? count.value : undefined;
}

/** The same of files and of the network by the daemon's endpoint, which loads nothing for it (docs/agent-contract.md §9.4). */
export async function ruleCounts(metricsAddress: string) {
  const scrape = await scrapeEndpoint(metricsAddress);
  return { files: ruleCountIn(scrape), network: ruleCountIn(scrape, NETWORK_RULES) };
}

/** Which tables are empty, by one command for all of them; none where it does not say so. */
async function emptyTables(candidate: Candidate): Promise<ReadonlySet<keyof typeof TABLES>> {
  const scrape = await scrapeCommand(candidate);
  const isEmpty = (name: string) => {
    const entries = scrape.ok ? scrape.metrics.sum(name) : undefined;
    return entries?.ok === true && entries.value === 0;
  };
  const names = ['files', 'network', 'allowed'] as const;
  return new Set(names.filter((name) => TABLES[name].every(isEmpty)));
}

/** Rules that the kernel cannot hold: there were no maps for them. */
export const NO_RULES: RuleList = {
  files: [],
  network: [],
  allowedCgroups: [],
  agentIsAllowed: false,
  cgroupRules: [],
};

/** Tables that the agent's metrics call empty, and that hold rules by its own lists. */
export async function wronglyEmpty(candidate: Candidate, rules: RuleList): Promise<string[]> {
  const empty = await emptyTables(candidate);
  const held = {
    files: rules.files.length,
    network: rules.network.length,
    allowed: rules.allowedCgroups.length + Number(rules.agentIsAllowed),
  };
  return [...empty].flatMap((name) =>
    held[name] > 0 ? [`${TABLES[name].join(' and ')} 0, and its list has ${held[name]}`] : [],
  );
}

/**
 * Every rule that the agent has. Each of its lists loads the BPF object, so only those of tables that are not empty are
 * read. @throws JudgementError (inconclusive) when one cannot be read.
 * @param isWhole reads all of them, whatever the agent's metrics say of its tables.
 */
export async function listRules(
  candidate: Candidate,
  agentCgroup: string,
  isWhole = false,
): Promise<RuleList> {
  const [empty, cgroupRules] = await Promise.all([
    isWhole ? new Set() : emptyTables(candidate),
    listed(candidate, ['cgroup', 'deny', 'list'], parseCgroupRules, []),
  ]);
  const [files, network, allowed] = await Promise.all([
    empty.has('files') ? NO_RULES.files : listFileRules(candidate),
    empty.has('network') ? undefined : networkRules(candidate),
    empty.has('allowed')
      ? NO_RULES.allowedCgroups
      : listed(candidate, ['allow', 'list'], parseAllowList),
  ]);
  const own = cgroupId(agentCgroup);
  return {
    files,
    network: Object.entries(network ?? {}).flatMap(([kind, entries]) =>
      entries.map((entry) => `${kind}: ${entry}`),
    ),
    allowedCgroups: allowed.filter((id) => id !== own),
    agentIsAllowed: own !== undefined && allowed.includes(own),
    cgroupRules,
  };
}

/** The rules on exactly this file: device and inode in full, never a text prefix (weakness A4 of docs/fault-matrix.md). */
export function rulesOn(rules: readonly BlockRule[], file: OwnFile): readonly BlockRule[] {
  // `block list` shows st_dev or the kernel's encoding, by version; both name our device only.
  const devices = [undefined, file.dev, Number(file.stat.dev)];
  return rules.filter(({ ino, dev }) => ino === file.ino && devices.includes(dev));
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
): Promise<string> {
  if (rulesOn(before, file).length > 0) {
    throw noEvidence(`${file.path} already has a deny rule; it is not ours to use or remove`, {
      source: 'aegisbpf block list',
    });
  }
  const id = journal.record({ kind: 'deny-rule', path: file.path, ...identityOf(file.stat) });
  const result = await runCommand(candidate, 'block', 'add', file.path);
  if (result.exitCode !== 0) throw failed(howItEnded(result), { source: result.command });
  return id;
}

/** Removes our rule while the file still exists: afterwards it could not be named any more (docs/agent-contract.md §1.4). */
export async function removeRule(
  candidate: Candidate,
  file: OwnFile,
  id: string,
  journal: Journal,
): Promise<CommandResult> {
  const result = await runCommand(candidate, 'block', 'del', file.path);
  if (result.exitCode === 0) journal.strike(id);
  return result;
}

/**
 * Rules of deny.db that the kernel does not hold, as after a reboot without a start of the service:
 * no list shows them, and a policy apply rewrites the file without them (docs/agent-contract.md §6.5).
 */
export function rulesOnlyOnDisk(rules: RuleList, hostRoot: string): string[] {
  const { denyDatabase } = agentPaths(hostRoot);
  if (!existsSync(denyDatabase)) return [];
  const parsed = parseDenyDb(readFileSync(denyDatabase, 'utf8'));
  if (!parsed.ok) return [`${denyDatabase} cannot be read: ${parsed.error}`];
  const inKernel = new Set(rules.files.map(({ ino }) => ino));
  return parsed.value
    .filter(({ ino }) => !inKernel.has(ino))
    .map((rule) => `${ruleText(rule)} in ${denyDatabase}, which the kernel does not hold`);
}
