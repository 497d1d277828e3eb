import { setTimeout as sleep } from 'node:timers/promises';
import type { Candidate } from '../agent/command.ts';
import {
  agentInstances,
  agentsAmong,
  isRunning,
  type ProcessInformation,
  type Program,
  processesMarked,
  RUN_MARK,
} from '../host/processes.ts';
import { whyNot } from '../settings/cannot-begin.ts';
import { ownCommand } from '../text/own-command.ts';
import {
  bootId,
  type Journal,
  type JournalEntry,
  type JournalHeader,
  type PendingEntry,
} from './journal.ts';
import { binaryProblem, described, needsCandidate, stopUnit, undoEntry } from './undo-entry.ts';

/** A command that is cut off in the midst of an apply leaves more to undo than it began with. */
const LEAST_TIMEOUT_SECONDS = 60;

/** How long the agent may take to stop on SIGINT before it is killed (the contract says 1.3 s). */
const STOP_GRACE_MS = 10_000;

export interface UndoReport {
  /** What was undone, one sentence each. */
  readonly undone: readonly string[];
  /** What could not be undone and what to do about it. */
  readonly problems: readonly string[];
}

function signal(process_: ProcessInformation, name: NodeJS.Signals): void {
  try {
    process.kill(process_.pid, name);
  } catch {
    // It ended in between: what we wanted.
  }
}

/** The candidate, and the version before it where the drill has one. */
const programsOf = ({ candidate, candidateSha256, previous }: JournalHeader): Program[] => [
  { path: candidate, sha256: candidateSha256 },
  ...(previous === undefined ? [] : [{ path: previous }]),
];

/** Stops every process of the run: the agent in its own way first, all others at once. */
async function stopProcesses(run: JournalHeader, say: (text: string) => void): Promise<string[]> {
  const ours = () => processesMarked(RUN_MARK, run.runId).filter(({ pid }) => pid !== process.pid);
  const stopped = ours();
  const agents = agentsAmong(stopped, programsOf(run));
  for (const other of stopped.filter((one) => !agents.includes(one))) signal(other, 'SIGKILL');
  for (const agent of agents) {
    say(`stopping the agent (pid ${agent.pid})`);
    signal(agent, 'SIGINT');
    // The drill stops one with SIGSTOP, and a stopped process acts on no SIGINT.
    signal(agent, 'SIGCONT');
  }
  const deadline = performance.now() + STOP_GRACE_MS;
  while (agents.some(isRunning) && performance.now() < deadline) await sleep(50);
  // Twice none: between fork and exec a process does not show its mark yet.
  for (let round = 0, none = 0; round < 40 && none < 2; round += 1) {
    const left = ours();
    none = left.length === 0 ? none + 1 : 0;
    for (const one of left) signal(one, 'SIGKILL');
    await sleep(50);
  }
  return stopped.map(({ pid, comm }) => `stopped ${comm} (pid ${pid})`);
}

/** One undoing of a journal: what is done, and what is left with the reason. */
async function undoPending(
  journal: Journal,
  { run, pending }: NonNullable<ReturnType<Journal['read']>>,
  say: (text: string) => void,
): Promise<UndoReport> {
  const undone: string[] = [];
  const unresolved = new Map<string, string>();
  const notStruck: string[] = [];
  // The kernel forgot its rules since: pins are in memory (bpffs), files are not.
  const rebooted = run.bootId !== undefined && run.bootId !== bootId();
  const candidate: Candidate = {
    executable: run.candidate,
    environment: { ...run.environment, [RUN_MARK]: run.runId },
    timeoutSeconds: Math.max(LEAST_TIMEOUT_SECONDS, run.commandTimeoutSeconds ?? 0),
  };
  const needed = !rebooted && pending.some(({ entry }) => needsCandidate(entry));
  const broken = needed ? binaryProblem(run.candidate, run.candidateSha256) : undefined;

  /** What is undone stays undone, and the rest still has to be, also on a disk that is full. */
  const strike = (id: string, entry: JournalEntry) => {
    const why = whyNot(() => journal.strike(id));
    if (why !== undefined)
      notStruck.push(
        `${described(entry)}, but the journal cannot be written (${why}); make room and run \`${ownCommand('recover')}\``,
      );
  };

  const attempt = async (entry: JournalEntry) => {
    if (broken !== undefined && needsCandidate(entry))
      return `${broken}; put it back and run \`${ownCommand('recover')}\``;
    if (rebooted && (needsCandidate(entry) || entry.kind === 'unit')) return undefined;
    return undoEntry(candidate, entry, rebooted ? ourPaths(pending) : []);
  };

  const undo = async ({ id, entry }: PendingEntry) => {
    const problem = await attempt(entry).catch((error: Error) => error.message);
    if (problem !== undefined) {
      unresolved.set(id, problem);
      return;
    }
    strike(id, entry);
    undone.push(described(entry));
    say(described(entry));
    if (entry.kind !== 'agent-state' || entry.pinDirectoryExisted) return;
    // Rules live in the pinned maps: with a pin directory that was ours to remove, they are gone.
    for (const rule of pending)
      if (needsCandidate(rule.entry) && unresolved.delete(rule.id)) strike(rule.id, rule.entry);
  };

  /** A directory whose files a rule that is still there is named by: without them it never goes. */
  const isStillNeeded = ({ entry }: PendingEntry) =>
    entry.kind === 'directory' &&
    pending.some(
      ({ id, entry: rule }) =>
        unresolved.has(id) &&
        ((rule.kind === 'deny-rule' && rule.path.startsWith(`${entry.path}/`)) ||
          // It denies files of the drill's other directory: a freed inode would be somebody else's next.
          rule.kind === 'policy'),
    );

  const kept: PendingEntry[] = [];
  for (const one of pending) {
    if (isStillNeeded(one)) kept.push(one);
    else await undo(one);
  }
  for (const one of kept) if (!isStillNeeded(one)) await undo(one);
  return { undone, problems: [...unresolved.values(), ...notStruck] };
}

/** What rules of ours are on: files that are named, and all in directories of ours. */
const ourPaths = (pending: readonly PendingEntry[]) =>
  pending.flatMap(({ entry }) => {
    if (entry.kind === 'deny-rule') return [entry.path];
    return entry.kind === 'directory' ? [`${entry.path}/`] : [];
  });

/**
 * Undoes everything that the journal still holds, the newest first. Safe to call again: what was
 * undone is struck. What cannot be proven ours is left and named.
 * @param when `later`: another agent may have made the host its own since, and then nothing is undone beside it.
 */
export async function undoAll(
  journal: Journal,
  say: (text: string) => void,
  when: 'at the end' | 'later' = 'at the end',
): Promise<UndoReport> {
  const unreadable = journal.unreadable();
  const problems = unreadable === undefined ? [] : [unreadable];
  const state = journal.read();
  if (state === undefined) return { undone: [], problems };
  // First of all: systemd would start again what is stopped below.
  for (const { entry } of state.pending) {
    if (entry.kind === 'unit') await stopUnit(entry.systemctl, entry.name);
  }
  const stopped = await stopProcesses(state.run, say);
  const others = when === 'later' ? agentInstances({ path: state.run.candidate }).daemons : [];
  if (others.length > 0)
    return {
      undone: stopped,
      problems: [
        ...problems,
        `an agent that is not of that run is running (pid ${others.map(({ pid }) => pid).join(', ')}), and its rules and pins are not told from what was left; stop it and run \`${ownCommand('recover')}\``,
      ],
    };
  // Read again: what was stopped may have gone on writing until then.
  const report = await undoPending(journal, journal.read() ?? state, say);
  return {
    undone: [...stopped, ...report.undone],
    problems: [...problems, ...report.problems],
  };
}
