import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Candidate } from '../agent/command.ts';
import type { Journal, JournalEntry, JournalHeader, PendingEntry } from './journal.ts';
import { isRunning, type ProcessInformation, processesMarked } from './processes.ts';
import { described, needsCandidate, stopUnit, undoEntry } from './undo-entry.ts';

/** Every process that we start carries this in its environment, so that it can be proven ours. */
export const RUN_MARK = 'CANARY_RUN_ID';

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

/** Stops every process of the run: the agent in its own way first, all others at once. */
async function stopProcesses(runId: string, say: (text: string) => void): Promise<string[]> {
  const ours = () => processesMarked(RUN_MARK, runId).filter(({ pid }) => pid !== process.pid);
  const stopped = ours();
  const agents = stopped.filter(({ comm }) => comm === 'aegisbpf');
  for (const other of stopped.filter((one) => !agents.includes(one))) signal(other, 'SIGKILL');
  for (const agent of agents) {
    say(`stopping the agent (pid ${agent.pid})`);
    signal(agent, 'SIGINT');
    // The drill stops one with SIGSTOP, and a stopped process acts on no SIGINT.
    signal(agent, 'SIGCONT');
  }
  const deadline = Date.now() + STOP_GRACE_MS;
  while (agents.some(isRunning) && Date.now() < deadline) await sleep(50);
  for (let round = 0; round < 40; round += 1) {
    const left = ours();
    if (left.length === 0) break;
    for (const one of left) signal(one, 'SIGKILL');
    await sleep(50);
  }
  return stopped.map(({ pid, comm }) => `stopped ${comm} (pid ${pid})`);
}

/** A binary that changed since the run must not be run as root to clean up after it. */
function candidateProblem(run: JournalHeader): string | undefined {
  try {
    if (!statSync(run.candidate).isFile()) return `${run.candidate} is not a file`;
    const now = createHash('sha256').update(readFileSync(run.candidate)).digest('hex');
    return now === run.candidateSha256
      ? undefined
      : `${run.candidate} is no longer the binary of the run (SHA-256 ${now.slice(0, 12)}…, was ${run.candidateSha256.slice(0, 12)}…)`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** One undoing of a journal: what is done, and what is left with the reason. */
class Undoing {
  readonly undone: string[];
  readonly #journal: Journal;
  readonly #pending: readonly PendingEntry[];
  readonly #candidate: Candidate;
  readonly #broken: string | undefined;
  readonly #say: (text: string) => void;
  readonly #unresolved = new Map<string, string>();

  constructor(
    journal: Journal,
    state: { run: JournalHeader; pending: readonly PendingEntry[] },
    stopped: readonly string[],
    say: (text: string) => void,
  ) {
    const { run, pending } = state;
    this.#journal = journal;
    this.#pending = pending;
    this.undone = [...stopped];
    this.#say = say;
    this.#candidate = {
      executable: run.candidate,
      environment: { ...run.environment, [RUN_MARK]: run.runId },
    };
    const needed = pending.some(({ entry }) => needsCandidate(entry));
    this.#broken = needed ? candidateProblem(run) : undefined;
  }

  get problems(): string[] {
    return [...this.#unresolved.values()];
  }

  async all(): Promise<void> {
    const kept: PendingEntry[] = [];
    for (const one of this.#pending) {
      if (this.#stillNeeded(one.entry)) kept.push(one);
      else await this.#undo(one);
    }
    for (const one of kept) if (!this.#stillNeeded(one.entry)) await this.#undo(one);
  }

  /** A directory whose files a rule that is still there is named by: without them it never goes. */
  #stillNeeded(entry: JournalEntry): boolean {
    if (entry.kind !== 'directory') return false;
    return this.#pending.some(
      ({ id, entry: rule }) =>
        this.#unresolved.has(id) &&
        ((rule.kind === 'deny-rule' && rule.path.startsWith(`${entry.path}/`)) ||
          (rule.kind === 'policy' && rule.emptyPolicy.startsWith(`${entry.path}/`))),
    );
  }

  async #undo({ id, entry }: PendingEntry): Promise<void> {
    const problem =
      this.#broken !== undefined && needsCandidate(entry)
        ? `${this.#broken}; put it back and run \`npm run recover\``
        : await undoEntry(this.#candidate, entry).catch((error: Error) => error.message);
    if (problem !== undefined) {
      this.#unresolved.set(id, problem);
      return;
    }
    this.#journal.strike(id);
    this.undone.push(described(entry));
    this.#say(described(entry));
    // Rules live in the pinned maps: with a pin directory that was ours to remove, they are gone.
    if (entry.kind === 'agent-state' && !entry.pinDirectoryExisted) this.#rulesAreGone();
  }

  #rulesAreGone(): void {
    for (const { id, entry } of this.#pending) {
      if (!needsCandidate(entry) || !this.#unresolved.has(id)) continue;
      this.#journal.strike(id);
      this.#unresolved.delete(id);
    }
  }
}

/**
 * Undoes everything that the journal still holds, the newest first. Safe to call again: what was
 * undone is struck. What cannot be proven ours is left and named.
 */
export async function undoAll(journal: Journal, say: (text: string) => void): Promise<UndoReport> {
  const state = journal.read();
  if (state === undefined) return { undone: [], problems: [] };
  // First of all: systemd would start again what is stopped below.
  for (const { entry } of state.pending) {
    if (entry.kind === 'unit') await stopUnit(entry.systemctl, entry.name);
  }
  const undoing = new Undoing(journal, state, await stopProcesses(state.run.runId, say), say);
  await undoing.all();
  return { undone: undoing.undone, problems: undoing.problems };
}
