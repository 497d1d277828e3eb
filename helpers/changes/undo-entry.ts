import { hash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type Candidate, howItEnded, outputText, runCommand } from '../agent/command.ts';
import { parseEmergencyStatus } from '../agent/contract/emergency.ts';
import { systemTool } from '../host/observations.ts';
import { RUN_MARK } from '../host/processes.ts';
import { restoreAgentState } from './agent-state.ts';
import type { JournalEntry } from './journal.ts';
import { removeCgroup } from './own-cgroup.ts';
import { cgroupId } from './rules.ts';

const isSameFile = (path: string, entry: { dev: string; ino: string }) => {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat !== undefined && String(stat.dev) === entry.dev && String(stat.ino) === entry.ino;
};

/** The reason that the drill gives, by which its emergency-disable is known as ours. */
export const KILL_SWITCH_REASON = 'aegisbpf-canary: kill-switch step of the rollback drill';

const MADE = { directory: 'directory', file: 'file', cgroup: 'control group' } as const;

/** Why enforcement could be bypassed again by somebody who reads the agent's audit log. */
const ENABLE_REASON = "aegisbpf-canary: end of the rollback drill's kill-switch step";

/** How long one call of systemctl may take: longer than its own timeout for a stop. */
const SYSTEMCTL_MS = 60_000;

/**
 * Stops a unit of ours; systemd forgets a transient unit once it is stopped (systemd-run(1)).
 * @returns what is wrong, with what systemctl came to, or undefined when it is gone.
 */
export async function stopUnit(
  systemctl: string,
  name: string,
  timeoutMs = SYSTEMCTL_MS,
): Promise<string | undefined> {
  const call = async (...args: string[]) => {
    const { text: stdout, ...ended } = await systemTool(systemctl, args, timeoutMs);
    const stderr = ended.notStarted?.message ?? ended.stderr;
    return { ...ended, stdout, stderr, command: `systemctl ${args.join(' ')}` };
  };
  const stop = await call('stop', name);
  // A unit whose agent was killed too often stays loaded as failed until it is reset.
  await call('reset-failed', name);
  const state = await call('show', name, '--property=ActiveState', '--value');
  const active = state.stdout;
  if (state.exitCode === 0 && (active === 'inactive' || active === '')) return undefined;
  const ends = [stop, ...(state.exitCode === 0 ? [] : [state])].map(howItEnded);
  return `${name} is ${active || 'in an unknown state'} after a stop: ${ends.join('; ')}`;
}

/** Why the bypass is somebody else's to end, or undefined when it may be ours. */
async function othersEmergency(candidate: Candidate): Promise<string | undefined> {
  const result = await runCommand(candidate, 'emergency-status', '--json');
  const parsed = parseEmergencyStatus(result.stdout);
  if (!parsed.ok || !parsed.value.enabled) return undefined;
  const reason = parsed.value.state_present ? parsed.value.reason : undefined;
  return reason === undefined || reason === KILL_SWITCH_REASON
    ? undefined
    : `enforcement is bypassed by an emergency-disable that is not the drill's (${outputText(reason)}); it was not touched`;
}

/** A binary that changed since the run must not be run as root to clean up after it. @returns how it changed. */
export function binaryProblem(path: string, sha256: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return `${path} is not a file`;
    const now = hash('sha256', readFileSync(path));
    return now === sha256
      ? undefined
      : `${path} is no longer the binary of the run (SHA-256 ${now.slice(0, 12)}…, was ${sha256.slice(0, 12)}…)`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The version that made the rules, in its own environment, with the limit and the mark of the candidate's commands. */
function versionOf(
  { by }: Extract<JournalEntry, { kind: 'policy' }>,
  candidate: Candidate,
): Candidate {
  if (by === undefined) return candidate;
  const mark = candidate.environment[RUN_MARK];
  const environment = { ...by.environment, ...(mark === undefined ? {} : { [RUN_MARK]: mark }) };
  return { ...candidate, executable: by.executable, environment };
}

/**
 * Undoes one entry of the journal. @returns what is in the way, or undefined when it is undone.
 * @param ours paths, or directories with a slash, whose rules in deny.db are ours and not in force any more.
 */
export async function undoEntry(
  candidate: Candidate,
  entry: JournalEntry,
  ours: readonly string[],
): Promise<string | undefined> {
  const runBy = async (version: Candidate, ...args: string[]) => {
    const result = await runCommand(version, ...args);
    return result.exitCode === 0 ? undefined : howItEnded(result);
  };
  const run = (...args: string[]) => runBy(candidate, ...args);
  switch (entry.kind) {
    case 'agent-state': {
      const problems = restoreAgentState(entry, ours);
      return problems.length === 0 ? undefined : problems.join('; ');
    }
    case 'directory':
    case 'file':
    case 'cgroup': {
      if (!existsSync(entry.path)) return undefined;
      if (!isSameFile(entry.path, entry))
        return `${entry.path} is not the ${MADE[entry.kind]} we made; it was not touched`;
      if (entry.kind === 'cgroup') removeCgroup(entry.path);
      else rmSync(entry.path, { recursive: true, force: true });
      return undefined;
    }
    case 'deny-rule':
      return isSameFile(entry.path, entry)
        ? run('block', 'del', entry.path)
        : `the deny rule on inode ${entry.ino} cannot be removed by path: ${entry.path} is gone or replaced`;
    case 'policy':
      return (
        (entry.by && binaryProblem(entry.by.executable, entry.by.sha256)) ??
        runBy(
          versionOf(entry, candidate),
          ...['policy', 'apply', entry.emptyPolicy, '--reset', '--no-rollback'],
        )
      );
    case 'emergency':
      return (
        (await othersEmergency(candidate)) ?? run('emergency-enable', '--reason', ENABLE_REASON)
      );
    case 'unit':
      return stopUnit(entry.systemctl, entry.name);
    case 'agent-allowance': {
      // Before its directory goes: an id without one can be taken off the list by nobody.
      const id = cgroupId(entry.cgroup);
      const list = await runCommand(candidate, 'allow', 'list');
      if (list.exitCode !== 0) return howItEnded(list);
      const isListed = id !== undefined && list.stdout.split('\n').includes(id);
      if (id === undefined || isListed === entry.listed) return undefined;
      return run('allow', entry.listed ? 'add' : 'del', entry.cgroup);
    }
    case 'network-rule': {
      const problem = await run('network', 'deny', 'del', ...entry.arguments);
      // Unlike `block del` it fails where there is no such rule: it may never have been added.
      const listed = await runCommand(candidate, 'network', 'deny', 'list');
      const rule = entry.arguments.at(-1) ?? '';
      if (listed.exitCode !== 0) return problem ?? howItEnded(listed);
      const stays = listed.stdout.includes(`  ${rule}`);
      return stays ? (problem ?? `the network deny rule ${rule} is still listed`) : undefined;
    }
  }
}

/** What undoing an entry did, in words. */
export const described = (entry: JournalEntry): string => {
  switch (entry.kind) {
    case 'agent-state':
      return "put the agent's files, pins and cgroup back";
    case 'directory':
    case 'file':
      return `removed ${entry.path}`;
    case 'cgroup':
      return `removed the control group ${entry.path}`;
    case 'deny-rule':
      return `removed the deny rule on ${entry.path}`;
    case 'policy':
      return `removed the rules of the canary's policy${entry.by === undefined ? '' : ` by ${entry.by.executable}`}`;
    case 'agent-allowance':
      return "put the agent's own cgroup on or off the allow list, as it was";
    case 'network-rule':
      return `removed the network deny rule ${entry.arguments.join(' ')}`;
    case 'emergency':
      return 'ended the emergency-disable';
    case 'unit':
      return `stopped the unit ${entry.name}`;
  }
};

/** Entries that only the agent's own command line can undo. */
export const needsCandidate = ({ kind }: JournalEntry) =>
  ['deny-rule', 'policy', 'network-rule', 'agent-allowance', 'emergency'].includes(kind);
