import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync } from 'node:fs';
import { inject } from 'vitest';
import { candidateOf, previousOf } from '../agent/candidate.ts';
import {
  agentEnvironment,
  type Candidate,
  type CommandResult,
  runCommand,
} from '../agent/command.ts';
import type { Mode } from '../agent/daemon-options.ts';
import { agentPaths, type ComparedState, snapshotAgentState } from '../changes/agent-state.ts';
import {
  agentState,
  bootId,
  JOURNAL_PATH,
  Journal,
  type JournalIdentity,
} from '../changes/journal.ts';
import { listRules, type RuleList } from '../changes/rules.ts';
import { noEvidence } from '../criteria/judgement.ts';
import { RunDirectory } from '../evidence/run-directory.ts';
import { sha256OfFile } from '../files/sha256.ts';
import { isRunning, type ProcessIdentity } from '../host/processes.ts';
import { frozen, type Phase, type Settings } from '../settings/settings.ts';
import type { NamedWorkload } from '../workload/coded-workload.ts';

/** What the main process tells the specs of the run it prepared. */
export interface ProvidedRun {
  readonly runId: string;
  readonly runDirectory: string;
  /** Why this run is a rehearsal and can never be a pass; empty for a real one. */
  readonly rehearsal: readonly string[];
  /** A finished run is judged again: nothing on the host is touched. */
  readonly rejudge: boolean;
  /** Phases that the run is, or was, asked for. */
  readonly asked: readonly Phase[];
  readonly candidatePath: string;
  readonly candidateSha256: string | undefined;
  /** The one journal of this run, which the guardian made; a finished run has none. */
  readonly journal?: JournalIdentity | undefined;
  /** Holds the host's lock and undoes the run; a finished run has none. */
  readonly guardian?: ProcessIdentity | undefined;
}

declare module 'vitest' {
  interface ProvidedContext {
    canaryRun: ProvidedRun;
    /** Where vitest counts the paths of specs from. */
    root: string;
    /** The spec files of the run, in their order. */
    specs: readonly string[];
    runDirectory: string;
    settings: Settings;
    /** Spec files of a team's own that are judged beside a soak. */
    besideSoak: Readonly<Record<Mode, readonly string[]>>;
    /** Workloads of a team's own. */
    workloads: readonly NamedWorkload[];
  }
}

/** The host as it was found, in the evidence. */
const SNAPSHOT = 'host-before.json';

/** Every command of the candidate with its arguments, end and time (docs/evidence.md). */
const COMMANDS = 'commands.ndjson';

/** Everything a spec's steps work with. */
export class CanaryRun {
  /** As the main process read them at the start: neither a file nor a variable is read again. */
  readonly settings: Settings = frozen(inject('settings'));
  readonly provided: ProvidedRun = inject('canaryRun');
  /** Workloads of a team's own. */
  readonly workloads = inject('workloads');
  /** Spec files of a team's own that are judged beside a soak. */
  readonly besideSoak = inject('besideSoak');
  readonly directory = new RunDirectory(this.provided.runDirectory);
  readonly candidate: Candidate = {
    ...candidateOf(this.settings, this.provided.runId),
    ended: (ended) => this.directory.appendLine(COMMANDS, { criterion: this.criterion, ...ended }),
  };
  /** The version that production runs, where it is named. */
  readonly previous = previousOf(this.settings, this.provided.runId);
  /** The criterion that this very work is for: others may be judged beside the soak. */
  readonly #judging = new AsyncLocalStorage<string>();
  #last: string | undefined;
  readonly #journal = new Journal(JOURNAL_PATH, this.provided.journal);

  /**
   * The journal of this run, begun with a snapshot of the agent's state before the first change.
   * Nothing is changed on the host, and no agent is started, without it.
   * @param purpose what is taken back needs no guardian.
   * @throws JudgementError when it or the guardian is lost, or the binary is no longer the one that the run began with.
   */
  async journal(purpose: 'change' | 'undo' = 'change'): Promise<Journal> {
    const unguarded = purpose === 'undo' ? undefined : this.withoutGuardian();
    if (unguarded !== undefined) throw noEvidence(unguarded, { source: '/proc' });
    if (this.begunJournal() !== undefined) return this.#journal;
    const { AEGIS_BIN: candidate, AEGIS_BIN_PREVIOUS: previous, HOST_ROOT } = this.settings;
    const { runId, runDirectory, candidateSha256: began } = this.provided;
    const candidateSha256 = await sha256OfFile(candidate);
    if (candidateSha256 !== began) {
      throw noEvidence(
        `${candidate} changed since this run began; nothing was touched, run again when the build is finished`,
        { value: candidateSha256, limit: began ?? 'unknown', source: 'SHA-256' },
      );
    }
    const state = snapshotAgentState(HOST_ROOT);
    this.#journal.begin({
      ...{ runId, runDirectory, candidate, candidateSha256, previous },
      environment: agentEnvironment(this.candidate),
      startedAt: new Date().toISOString(),
      commandTimeoutSeconds: this.candidate.timeoutSeconds,
      bootId: bootId(),
    });
    this.#journal.record(state);
    // The snapshot stays with the evidence: the exit criteria compare the host with it.
    this.directory.writeJson(SNAPSHOT, {
      ...state,
      files: state.files.map(({ name, content }) => ({ name, present: content !== null })),
    });
    return this.#journal;
  }

  /**
   * The journal as it was begun, or undefined while nothing was changed.
   * @throws JudgementError (inconclusive) when it is lost.
   */
  begunJournal(): Journal | undefined {
    if (this.#journal.read()?.run.runId === this.provided.runId) return this.#journal;
    // Written once it was begun: never a second snapshot, for that would be of a changed host.
    if (this.#wasBegun())
      throw noEvidence(
        `${JOURNAL_PATH} was emptied while the run went on: somebody on this host did that`,
        { source: JOURNAL_PATH },
      );
    return undefined;
  }

  /** By the snapshot, by the list of what the run has made, or by the first thing that was judged after it. */
  #wasBegun(): boolean {
    const { directory } = this;
    if (directory.has(SNAPSHOT) || directory.wasMade(SNAPSHOT)) return true;
    return directory.criteria().get('preflight.health')?.verdict === 'pass';
  }

  /** Why nothing more is changed on this host; undefined while the guardian lives, which undoes it. */
  withoutGuardian(): string | undefined {
    const { guardian } = this.provided;
    if (guardian === undefined || isRunning(guardian)) return undefined;
    return `the run lost its guardian (pid ${guardian.pid}); without it nothing is changed on this host, and no agent is started`;
  }

  /** The host as it was found, from the evidence; undefined while nothing was changed. */
  snapshot(): ComparedState | undefined {
    if (!this.directory.has(SNAPSHOT)) return undefined;
    return this.directory.readJson(SNAPSHOT, agentState.omit({ files: true }));
  }

  /**
   * Whether the kernel can have held no rule and no switch of the agent when the run began: both live in pinned maps, and
   * there were no pins. Only of a version that has by now made its pins where we looked for them.
   */
  startedWithoutPins(): boolean {
    const snapshot = this.snapshot();
    return snapshot?.pinDirectoryExisted === false && existsSync(snapshot.pinDirectory);
  }

  /** Judges a criterion: whatever the step does, however deep, belongs to it. */
  judging<T>(criterion: string, step: () => Promise<T>): Promise<T> {
    this.#last = criterion;
    return this.#judging.run(criterion, step);
  }

  /** The criterion that is judged now, or was judged last. */
  get criterion(): string | undefined {
    return this.#judging.getStore() ?? this.#last;
  }

  /** Runs a command of the candidate to its end. */
  command(...args: readonly string[]): Promise<CommandResult> {
    return runCommand(this.candidate, ...args);
  }

  /** Every rule that the host carries now. @param isWhole whatever the agent's metrics say of its tables. */
  rules(isWhole = false): Promise<RuleList> {
    const { cgroup } = agentPaths(this.settings.HOST_ROOT);
    return listRules(this.candidate, cgroup, isWhole);
  }
}

let current: CanaryRun | undefined;

/** The run that this worker process belongs to. */
export function canaryRun(): CanaryRun {
  current ??= new CanaryRun();
  return current;
}
