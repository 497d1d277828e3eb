import { basename } from 'node:path';
import type { Mode } from '../../agent/daemon-options.ts';
import type { EventLog } from '../../agent/stream/event-log.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import type { Settings } from '../../settings/settings.ts';
import { probeHeadroom } from '../../soak/headroom.ts';
import { agentStayedAlive } from '../../soak/one-life.ts';
import type { SoakResult } from '../../soak/result.ts';
import { runSoak } from '../../soak/soak.ts';
import type { SoakSubject } from '../../soak/subject.ts';
import { reportedBy } from '../../soak/to-result.ts';
import { counted } from '../../text/counted.ts';
import { outcomeText, type Probe, probeFile } from '../../workload/probe.ts';
import { type CanaryRun, canaryRun } from '../canary-run.ts';
import {
  type DecisionSubject,
  judgeDecision,
  judgeFileBeside,
  judgeOrdinaryProgram,
  nothingTold,
  QUIET_MS,
} from './decision.ts';
import { PhaseDaemon } from './phase-daemon.ts';
import { reviewNotes } from './review-notes.ts';
import { sideSubjects } from './side-subjects.ts';
import { SoakSubjects } from './soak-subjects.ts';
import { SoakUnderWay } from './soak-under-way.ts';
import { codeBeside, commandBeside, unitBeside, type WorkloadBeside } from './workload-beside.ts';

/**
 * One soak phase of the runbook, audit or enforce: the same steps in either mode, each judged by
 * what the host shows. The steps are called in order by the phase's spec.
 */
export class SoakPhase {
  readonly mode: Mode;
  readonly #run: CanaryRun = canaryRun();
  readonly #subjects: SoakSubjects;
  readonly #daemon: PhaseDaemon;
  readonly #workload: WorkloadBeside;
  readonly #unit: WorkloadBeside;
  /** By code of a team's own, each by its name. */
  readonly workloads: readonly WorkloadBeside[];
  /** For whom judges something beside it. */
  readonly underWay: SoakUnderWay;
  #soak: SoakResult | undefined;

  constructor(mode: Mode) {
    this.mode = mode;
    this.underWay = new SoakUnderWay(mode);
    this.#subjects = new SoakSubjects(this.#run, mode);
    this.#daemon = new PhaseDaemon(this.#run, mode);
    this.#workload = commandBeside(this.#run, mode);
    this.#unit = unitBeside(this.#run, mode);
    this.workloads = this.#run.workloads.map((one) => codeBeside(this.#run, mode, one));
  }

  get settings(): Settings {
    return this.#run.settings;
  }

  /** Positive control: without a rule the files are read as they were written. */
  filesAreReadable(): Promise<Judgement> {
    return this.#subjects.make();
  }

  /** WORKLOAD_COMMAND begins before there is a rule of ours or an agent. */
  workloadWorks(): Promise<Judgement> {
    return this.#workload.begin();
  }

  /** And has gone on until now, when no agent runs any more. */
  workloadWorked(): Promise<Judgement> {
    return this.#workload.judge();
  }

  /** WORKLOAD_UNIT is the host's own, and is only looked at. */
  unitWorks(): Promise<Judgement> {
    return this.#unit.begin();
  }

  unitWorked(): Promise<Judgement> {
    return this.#unit.judge();
  }

  seedRules(): Promise<Judgement> {
    return this.#subjects.seedRules();
  }

  start(): Promise<Judgement> {
    return this.#daemon.start(this.#subjects.made.soak);
  }

  /** The decision itself, by the host (open, errno, signal) and by the matching event. */
  async decision(): Promise<Judgement> {
    const subject = this.#decisionSubject();
    return this.#daemon.lateDecision ?? judgeDecision(subject);
  }

  /** Enforce: an ordinary program that does nothing about signals really ends. */
  async ordinaryProgramIsEnded(): Promise<Judgement> {
    return judgeOrdinaryProgram(this.#decisionSubject());
  }

  /** Negative control: a file beside it, without a rule, is read and makes no decision. */
  async fileBesideIsFree(): Promise<Judgement> {
    return judgeFileBeside(this.#decisionSubject());
  }

  /** The soak in this phase's own mode. */
  async soak(judge: (soak: SoakResult) => Judgement): Promise<Judgement> {
    const subject = this.#soakSubject();
    let soak = () => runSoak(subject);
    for (const one of this.workloads) {
      const within = soak;
      soak = () => one.through(within);
    }
    this.#soak = await soak().finally(() => this.underWay.ends());
    return judge(this.#soak);
  }

  /** Advisory: how many decisions a second the agent makes before it drops events. */
  async headroom(): Promise<Judgement> {
    return probeHeadroom(this.#soakSubject());
  }

  /** One life from the start to the end, also when it ended before there was a soak. */
  ofLife(): Judgement {
    const { endedByItself } = this.#daemon;
    if (endedByItself === undefined || this.#soak?.agent.alive === false)
      return this.ofSoak(agentStayedAlive);
    const when = this.#soak === undefined ? 'before' : 'after';
    return fail(
      `the agent ended by itself ${when} the soak (${endedByItself}); its last words are in ${this.mode}/agent.stderr.log`,
      { value: endedByItself, limit: 'alive', source: `${this.mode}/agent-exit.json` },
    );
  }

  /** Judges one threshold or invariant from the soak's result. */
  ofSoak(judge: (soak: SoakResult) => Judgement): Judgement {
    if (this.#soak === undefined)
      throw noEvidence('the soak left no result to judge', { source: `${this.mode}/soak.json` });
    return judge(this.#soak);
  }

  /** The same of what the agent said until its end, where it was stopped in order. */
  ofWhole(judge: (soak: SoakResult) => Judgement): Judgement {
    const { stopped, endedByItself } = this.#daemon;
    // The headroom probe makes it drop events on purpose, and a torn line is part of a sudden end.
    if (stopped === undefined || endedByItself !== undefined || this.settings.HEADROOM)
      return this.ofSoak(judge);
    return this.ofSoak((soak) => judge({ ...soak, ...reportedBy(stopped) }));
  }

  /** After its rule is removed the file is free at once, with the agent still running. */
  async release(): Promise<Judgement> {
    const daemon = this.#daemon.running;
    const { probe, soak } = this.#subjects.made;
    // Enforce keeps it until the agent has stopped: what is free without a rule shows nothing.
    const kept = this.mode === 'enforce' ? soak : undefined;
    const problem = await this.#subjects.removeRules(daemon, kept);
    if (problem !== undefined) return problem;
    const decisions = daemon.events.watch(probe);
    const before = decisions.lines;
    const { outcome, signals } = await this.#open(probe);
    if (outcome.kind !== 'allowed' || signals > 0) {
      const value = outcomeText(outcome);
      const text = `after its rule was removed the file was ${value} with ${counted(signals, 'signal')}`;
      return fail(text, { value, limit: 'allowed', source: probe.path });
    }
    const came = await daemon.events.until(() => decisions.lines > before, QUIET_MS);
    if (!came && !daemon.events.toldOfOurs) throw nothingTold(this.mode);
    const none = 'the rule is gone, the file is read as written, no decision';
    if (!came) return pass(none, { value: 0, limit: 0, unit: 'rules' });
    const text = 'after its rule was removed an open of the file still made a decision';
    return fail(text, { value: decisions.lines - before, limit: 0, unit: 'events' });
  }

  stop(): Promise<Judgement> {
    return this.#daemon.stop();
  }

  /** A stopped agent denies nothing: the hooks belong to the process (docs/agent-contract.md §5.3). */
  async fileIsFreeAfterStop(): Promise<Judgement> {
    if (this.#daemon.stopped === undefined)
      throw noEvidence('there was no orderly stop of the agent');
    const { soak } = this.#subjects.made;
    const { outcome, signals } = await this.#open(soak);
    const source = soak.path;
    if (outcome.kind === 'allowed' && signals === 0)
      return pass('read as written with the agent stopped and its rule still there', { source });
    return fail(
      `with the agent stopped the soak file was ${outcomeText(outcome)}: enforcement goes on without an agent (pinned links?)`,
      { value: outcomeText(outcome), limit: 'allowed', source },
    );
  }

  /** In enforce it keeps its rule to the end of the phase. */
  get soakFile(): OwnFile {
    return this.#subjects.made.soak;
  }

  /** What our own workload did not cause. @param more lives of the agent that this phase has besides its soak. */
  reviewNotes(more: readonly EventLog[] = []): Promise<Judgement> {
    const { events } = this.#daemon.stopped ?? this.#daemon.ready;
    const workloads = new Map(
      [this.#workload, ...this.workloads].flatMap(({ cgroup, name }) =>
        cgroup === undefined ? [] : [[basename(cgroup), name]],
      ),
    );
    const { deniedFiles } = this.#subjects;
    return reviewNotes(this.#run, this.mode, [events, ...more], deniedFiles, workloads);
  }

  /** Ends what is still running, whatever happened. */
  async cleanUp(): Promise<void> {
    const beside = [this.#workload, this.#unit, ...this.workloads];
    await Promise.all(beside.map((one) => one.cleanUp()));
    await this.#daemon.cleanUp();
    await this.#subjects.cleanUp();
  }

  #open(file: OwnFile): Promise<Probe> {
    return probeFile(file, this.#run.candidate.environment);
  }

  #soakSubject(): SoakSubject {
    const daemon = this.#daemon.running;
    const { soak: target, routes, ...made } = this.#subjects.made;
    return {
      candidate: this.#run.candidate,
      daemon,
      target,
      decisions: daemon.events.watch(target),
      side: sideSubjects(routes, made, daemon),
      settings: this.settings,
      run: this.#run.directory,
      begins: () => this.underWay.begins(),
    };
  }

  #decisionSubject(): DecisionSubject {
    const { probe, beside } = this.#subjects.made;
    return {
      mode: this.mode,
      enforceSignal: this.settings.ENFORCE_SIGNAL,
      daemon: this.#daemon.running,
      probe,
      beside,
      environment: this.#run.candidate.environment,
    };
  }
}
