import { createReadStream, existsSync } from 'node:fs';
import { type Candidate, howItEnded } from '../../agent/command.ts';
import { type ReadyDaemon, StartingDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { mustLive } from '../../agent/lives.ts';
import { type Scrape, scrapeCommand, scrapeRunning } from '../../agent/scrape.ts';
import { EventLog } from '../../agent/stream/event-log.ts';
import { agentPaths } from '../../changes/agent-state.ts';
import {
  type OwnFile,
  ownDirectory,
  ownFile,
  ownInput,
  plainFilesystem,
} from '../../changes/own-file.ts';
import { type RuleList, ruleCounts } from '../../changes/rules.ts';
import { failed, type Judgement, noEvidence } from '../../criteria/judgement.ts';
import { type DeniedFiles, deniedFiles, ownNames } from '../../review/denied-files.ts';
import { actionsOf } from '../../soak/invariants.ts';
import { type CanaryRun, canaryRun } from '../canary-run.ts';
import { type AppliedPolicy, journalPolicy, policyText } from '../phases/candidate-policy.ts';
import { reviewNotes } from '../phases/review-notes.ts';
import { EnforcementWatch } from './enforcement-watch.ts';
import { OwnOpens } from './own-opens.ts';
import { judgeRules } from './rules-in-force.ts';
import { Service } from './service.ts';
import { type DrillSnapshot, takeSnapshot } from './snapshot.ts';

/** What the drill's steps work with, made before the first of them. */
export interface Prepared {
  readonly directory: string;
  /** Denied by the baseline policy. */
  readonly guarded: OwnFile;
  /** Needed by a service of ours; the candidate policy denies it by mistake. */
  readonly needed: OwnFile;
  readonly service: Service;
  readonly opens: OwnOpens;
  /** Paths of the host's own file rules, which every policy of the drill keeps in force. */
  readonly hostPaths: readonly string[];
  /** Of all denied files, as a person reviews them. */
  readonly names: DeniedFiles;
  readonly baselinePolicy: string;
  readonly candidatePolicy: string;
  readonly applied: AppliedPolicy;
  readonly before: DrillSnapshot;
}

/** How one life of the agent in the drill differs from a plain enforcing one. */
export interface LifeOptions {
  /** Folder of its output below `rollback/`; the first life's is `rollback/` itself. */
  readonly name?: string;
  readonly more?: readonly string[];
  readonly candidate?: Candidate;
}

/** The stage of the rollback drill: its files, its policies, and the agent's current life. */
export class DrillStage {
  readonly run: CanaryRun = canaryRun();
  readonly #leftToStop: StartingDaemon[] = [];
  /** What each life of the candidate told. */
  readonly #streams: EventLog[] = [];
  #prepared: Prepared | undefined;
  #daemon: ReadyDaemon | undefined;
  /** The list of rules is read once, and after that only where the count of them is another than it must be. */
  #wasListed = false;

  /** Makes files and policies, journalled first. @param rules the host's, all restorable. */
  async prepare(rules: RuleList): Promise<Prepared> {
    const { PROBE_DIR, HOST_ROOT } = this.run.settings;
    plainFilesystem(PROBE_DIR);
    const before = takeSnapshot(this.run, rules);
    const { denyDatabase } = agentPaths(HOST_ROOT);
    const hostFiles = deniedFiles(rules.files, denyDatabase);
    const hostPaths = rules.files.flatMap(({ path }) => (path === undefined ? [] : [path]));
    const directory = ownDirectory(PROBE_DIR, await this.run.journal());
    const applied = await journalPolicy(this.run, hostPaths);
    const guarded = ownFile(directory, 'guarded');
    const needed = ownFile(directory, 'needed');
    const { executable, environment } = this.run.candidate;
    const opens = new OwnOpens('files of the drill', [guarded, needed], executable, {
      denied: actionsOf({ mode: 'enforce', enforceSignal: this.run.settings.ENFORCE_SIGNAL }),
      // While a policy is replaced, under the kill switch and past the deadman (docs/agent-contract.md §4.2).
      allowed: ['AUDIT'],
    });
    const written = (name: string, paths: readonly string[]) =>
      ownInput(directory, name, policyText([...hostPaths, ...paths]));
    this.#prepared = {
      directory,
      guarded,
      needed,
      opens,
      service: new Service(needed, environment, opens.started),
      hostPaths,
      names: new Map([...hostFiles, ...ownNames([guarded, needed])]),
      baselinePolicy: written('baseline.policy', [guarded.path]),
      candidatePolicy: written('candidate.policy', [guarded.path, needed.path]),
      applied,
      before,
    };
    this.run.directory.log(`the drill plays on ${directory}, host ${HOST_ROOT}`);
    return this.#prepared;
  }

  prepared(): Prepared {
    if (this.#prepared === undefined) throw noEvidence('the drill was not prepared');
    return this.#prepared;
  }

  /** The agent of the drill, while it lives. */
  agent(): ReadyDaemon {
    if (this.#daemon === undefined) throw noEvidence('the agent was not started for the drill');
    if (this.#daemon.isRunning()) return this.#daemon;
    throw noEvidence('the agent no longer runs, so this cannot be tried', {
      source: `pid ${this.#daemon.identity.pid}`,
    });
  }

  /** The agent of the drill, started where an earlier step ended it. */
  async runningAgent(): Promise<ReadyDaemon> {
    return this.#daemon?.isRunning() === true ? this.#daemon : this.startAgent({ name: 'again' });
  }

  /** Starts one more life of the agent and waits until it is ready. */
  async startAgent(life: LifeOptions = {}): Promise<ReadyDaemon> {
    const starting = await this.launch(life);
    this.#daemon = await starting.ready();
    mustLive('rollback', this.#daemon);
    return this.#daemon;
  }

  /** From now on this is the agent of the drill. */
  adopt(daemon: ReadyDaemon): void {
    this.#daemon = daemon;
  }

  /** Starts one more life without waiting; it is stopped at the drill's end at the latest. */
  async launch({ name, more = [], candidate }: LifeOptions): Promise<StartingDaemon> {
    const { settings, directory } = this.run;
    await this.run.journal();
    const options = await daemonOptions(settings, {
      name: name === undefined ? 'rollback' : `rollback/${name}-${this.#leftToStop.length + 1}`,
      mode: 'enforce',
      more,
    });
    const starting = new StartingDaemon(candidate ?? this.run.candidate, options, directory);
    this.#leftToStop.push(starting);
    const { executable } = this.run.candidate;
    if ((candidate?.executable ?? executable) === executable) this.#streams.push(starting.events);
    // Another version, or one that is told of another kernel, may tell other things.
    if (candidate === undefined || candidate === this.run.candidate)
      this.#prepared?.opens.follow(starting.events);
    return starting;
  }

  /**
   * Takes in what a life that systemd started wrote, once it has ended: it decided on others as well.
   * @param folder of its output below the run directory.
   * @param openers the processes of ours that opened the guarded file in it.
   * @returns whether it told of us: before that, silence about others shows nothing.
   */
  async takeIn(folder: string, openers: readonly (number | undefined)[]): Promise<boolean> {
    const { directory } = this.run;
    const stdout = directory.file(folder, 'agent.stdout.ndjson');
    if (!existsSync(stdout)) return false;
    const events = new EventLog(directory.file(folder, 'decisions.ndjson'), directory.begun);
    this.#streams.push(events);
    const { owners } = events.watch(this.prepared().guarded);
    for (const opener of openers) if (opener !== undefined) owners.add(opener);
    for await (const chunk of createReadStream(stdout)) events.push(chunk);
    await events.end();
    return events.toldOfOurs;
  }

  /** Stops the agent in order. @throws JudgementError (fail) when it does not end with exit code 0. */
  async stopAgent(): Promise<void> {
    const { exit } = await this.agent().stop();
    if (exit.exitCode === 0) return;
    throw failed(
      `the agent stopped with ${exit.signal ?? `exit code ${exit.exitCode}`}, expected exit code 0`,
      { value: exit.signal ?? exit.exitCode ?? 'unknown', limit: 0, source: 'rollback/' },
    );
  }

  /** Runs a command of the agent. @throws JudgementError (fail) when it does not exit with 0. */
  async succeeds(...args: readonly string[]): Promise<void> {
    // Only what was prepared is undone.
    this.prepared();
    const result = await this.run.command(...args);
    if (result.exitCode !== 0) throw failed(howItEnded(result), { source: result.command });
  }

  /** Applies a policy of ours. @throws JudgementError (fail) when the agent refuses it. */
  apply(policy: string): Promise<void> {
    return this.succeeds('policy', 'apply', policy, '--reset');
  }

  /** The agent's counters now. */
  scrape(): Promise<Scrape> {
    const { candidate } = this.run;
    return this.#daemon?.isRunning() === true
      ? scrapeRunning(candidate, this.#daemon.metricsAddress)
      : scrapeCommand(candidate);
  }

  /** How many files are denied, by the agent's own count; undefined where none runs, or it does not say. */
  async deniedFileCount(): Promise<number | undefined> {
    return this.#daemon?.isRunning() === true
      ? (await ruleCounts(this.#daemon.metricsAddress)).files
      : undefined;
  }

  /** Judges the rules and opens: what this policy denies beside the host's own, and the rest free. */
  async shows(after: string, policy: 'baseline' | 'candidate' | 'none'): Promise<Judgement> {
    const { guarded, needed } = this.prepared();
    const denied = { none: [], baseline: [guarded], candidate: [guarded, needed] }[policy];
    const wanted = { files: [guarded, needed], denied };
    const { hostPaths, opens } = this.prepared();
    const events = this.#daemon?.isRunning() === true ? this.#daemon.events : undefined;
    const isListed = this.#wasListed;
    this.#wasListed = true;
    const count = isListed ? await this.deniedFileCount() : undefined;
    const rules = { hostRules: hostPaths.length, count };
    return judgeRules(this.run, after, wanted, rules, { opens, events });
  }

  /** Opens one of the drill's files all the time, until it is stopped. */
  watch(file: OwnFile): EnforcementWatch {
    const watch = new EnforcementWatch(file, this.run.candidate.environment);
    this.prepared().opens.started(watch.pid);
    return watch;
  }

  /** What the candidate decided on others, in all its lives here. */
  reviewNotes(): Promise<Judgement> {
    return reviewNotes(this.run, 'rollback', this.#streams, this.prepared().names);
  }

  /** Ends what still runs, whatever happened; the journal undoes the rest. */
  async cleanUp(): Promise<void> {
    this.#prepared?.service.stop();
    for (const starting of this.#leftToStop) await starting.stop();
  }
}
