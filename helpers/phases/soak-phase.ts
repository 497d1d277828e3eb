import { howItEnded, runCommand, shownOutput } from '../agent/command.ts';
import { type ReadyDaemon, type StoppedDaemon, startDaemon } from '../agent/daemon.ts';
import type { Mode } from '../agent/daemon-options.ts';
import { type OwnFile, ownDirectory, ownFile, plainFilesystem } from '../agent/own-file.ts';
import { outcomeText, type Probe, probeFile } from '../agent/probe.ts';
import { addRule, listFileRules, removeRule, rulesOn, ruleText } from '../agent/rules.ts';
import { freeLoopbackPort } from '../agent/scrape.ts';
import { type CanaryRun, canaryRun } from '../canary-run.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../evidence/judgement.ts';
import { writeReviewNotes } from '../evidence/review.ts';
import type { SoakResult } from '../soak/result.ts';
import { runSoak } from '../soak/soak.ts';
import { type AppliedPolicy, applyCandidatePolicy, removePolicy } from './candidate-policy.ts';
import {
  type DecisionSubject,
  judgeDecision,
  judgeFileBeside,
  judgeOrdinaryProgram,
  QUIET_MS,
} from './decision.ts';
import { soakTarget } from './soak-target.ts';

interface Prepared {
  readonly probe: OwnFile;
  readonly soak: OwnFile;
  readonly beside: OwnFile;
}

interface Rule {
  readonly file: OwnFile;
  readonly id: string;
}

/**
 * One soak phase of the runbook, audit or enforce: the same steps in either mode, each judged by
 * what the host shows. The steps are called in order by the phase's spec.
 */
export class SoakPhase {
  readonly mode: Mode;
  readonly #run: CanaryRun = canaryRun();
  #files: Prepared | undefined;
  #rules: Rule[] = [];
  #policy: AppliedPolicy | undefined;
  #daemon: ReadyDaemon | undefined;
  #stopped: StoppedDaemon | undefined;
  #soak: SoakResult | undefined;
  #stopAnyway: (() => Promise<StoppedDaemon>) | undefined;

  constructor(mode: Mode) {
    this.mode = mode;
  }

  /** Positive control: without a rule the files are read as they were written. */
  async filesAreReadable(): Promise<Judgement> {
    const { settings } = this.#run;
    const filesystem = plainFilesystem(settings.PROBE_DIR);
    const directory = ownDirectory(settings.PROBE_DIR, await this.#run.journal());
    this.#files = {
      probe: ownFile(directory, 'probe'),
      soak: soakTarget(settings, directory),
      beside: ownFile(directory, 'beside'),
    };
    for (const file of Object.values(this.#files)) {
      const { outcome } = await this.#open(file);
      if (outcome.kind !== 'allowed') {
        return inconclusive(
          `${file.path} could not be read before there was any rule of ours: ${outcomeText(outcome)}; something else on this host interferes`,
          { source: file.path },
        );
      }
    }
    return pass(`3 files on ${filesystem} in ${directory} are read as written`, {
      source: directory,
    });
  }

  /** Rules come before the start: an audit daemon with an empty policy never attaches (§6.1). */
  async seedRules(): Promise<Judgement> {
    const { probe, soak } = this.#prepared();
    const { candidate, commandTimeoutSeconds } = this.#run;
    const journal = await this.#run.journal();
    const before = await listFileRules(candidate, commandTimeoutSeconds);
    this.#policy = await applyCandidatePolicy(this.#run);
    for (const file of [probe, soak]) {
      const id = await addRule(candidate, file, journal, commandTimeoutSeconds);
      this.#rules.push({ file, id });
    }
    const after = await listFileRules(candidate, commandTimeoutSeconds);
    const source = 'aegisbpf block list';
    for (const file of [probe, soak]) {
      const found = rulesOn(after, file).length;
      if (found !== 1) {
        return fail(
          `\`block add\` said yes for ${file.path} (${file.dev}:${file.ino}), and \`block list\` shows ${found} rules on it`,
          { value: found, limit: 1, unit: 'rules', source },
        );
      }
    }
    const lost = before.filter(
      (rule) => !after.some((one) => one.ino === rule.ino && one.dev === rule.dev),
    );
    if (lost.length > 0) {
      return fail(
        `adding our rules lost ${lost.length} rules of the host: ${lost.map(ruleText).join(', ')}`,
        { value: lost.length, limit: 0, source },
      );
    }
    return pass(
      `2 rules of ours beside ${before.length} of the host${this.#policy === undefined ? '' : `, and the rules of ${this.#run.settings.CANDIDATE_POLICY}`}`,
      { value: after.length, unit: 'rules', source },
    );
  }

  /** Readiness by the agent's word; the decision that follows proves it. */
  async start(): Promise<Judgement> {
    const { settings, candidate, directory } = this.#run;
    const starting = startDaemon(
      candidate,
      {
        name: this.mode,
        mode: this.mode,
        enforceSignal: settings.ENFORCE_SIGNAL,
        allowSigkill: settings.ENFORCE_SIGNAL === 'kill' && settings.ALLOW_SIGKILL_CANARY,
        ringbufBytes: settings.RINGBUF_BYTES,
        metricsAddress: `127.0.0.1:${await freeLoopbackPort()}`,
        readyTimeoutSeconds: settings.READY_TIMEOUT_SECONDS,
        commandTimeoutSeconds: settings.COMMAND_TIMEOUT_SECONDS,
      },
      directory,
    );
    this.#stopAnyway = () => starting.stop();
    this.#daemon = await starting.ready();
    const { started, startMs, identity } = this.#daemon;
    directory.writeJson(`${this.mode}/capabilities.json`, this.#daemon.capabilities);
    await this.#keepHealth('health.json');
    return pass(
      `pid ${identity.pid} ready after ${startMs} ms: runtime_state=${started.runtimeState}, lsm_hook=${started.lsmHook}, enforce_signal=${started.enforceSignal}`,
      { value: startMs, unit: 'ms', source: `${this.mode}/agent.stderr.log` },
    );
  }

  /** The decision itself, by the host (open, errno, signal) and by the matching event. */
  async decision(): Promise<Judgement> {
    return judgeDecision(this.#decisionSubject());
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
    const daemon = this.#running();
    const target = this.#prepared().soak;
    this.#soak = await runSoak({
      candidate: this.#run.candidate,
      daemon,
      target,
      decisions: daemon.events.watch(target),
      settings: this.#run.settings,
      run: this.#run.directory,
    });
    return judge(this.#soak);
  }

  /** Judges one threshold or invariant from the soak's result. */
  ofSoak(judge: (soak: SoakResult) => Judgement): Judgement {
    if (this.#soak === undefined)
      throw noEvidence('the soak left no result to judge', { source: `${this.mode}/soak.json` });
    return judge(this.#soak);
  }

  /** After its rule is removed the file is free at once, with the agent still running. */
  async release(): Promise<Judgement> {
    const daemon = this.#running();
    const { candidate, commandTimeoutSeconds } = this.#run;
    const journal = await this.#run.journal();
    const { probe } = this.#prepared();
    for (const { file, id } of this.#rules.splice(0)) {
      const result = await removeRule(candidate, file, id, journal, commandTimeoutSeconds);
      if (result.exitCode !== 0) return fail(howItEnded(result), { source: result.command });
    }
    const left = rulesOn(await listFileRules(candidate, commandTimeoutSeconds), probe);
    if (left.length > 0) {
      return fail(
        `\`block del\` said yes, and \`block list\` still shows ${left.map(ruleText).join(', ')}`,
        { value: left.length, limit: 0, unit: 'rules', source: 'aegisbpf block list' },
      );
    }
    const decisions = daemon.events.watch(probe);
    const before = decisions.lines;
    const { outcome, signals } = await this.#open(probe);
    if (outcome.kind !== 'allowed' || signals > 0) {
      return fail(
        `after its rule was removed the file was ${outcomeText(outcome)} with ${signals} signals`,
        { value: outcomeText(outcome), limit: 'allowed', source: probe.path },
      );
    }
    const came = await daemon.events.until(() => decisions.lines > before, QUIET_MS);
    return came
      ? fail('after its rule was removed an open of the file still made a decision', {
          value: decisions.lines - before,
          limit: 0,
          unit: 'events',
        })
      : pass('the rule is gone from the list, the file is read as written, no decision', {
          value: 0,
          limit: 0,
          unit: 'rules',
        });
  }

  /** SIGINT ends the agent in order: exit code 0 (agent-contract.md §5.3). */
  async stop(): Promise<Judgement> {
    const daemon = this.#ready();
    await this.#keepHealth('health-after.json');
    const died = daemon.exit();
    this.#stopped = await daemon.stop();
    const { exitCode, signal, stopMs } = this.#stopped.exit;
    this.#run.directory.writeJson(`${this.mode}/agent-exit.json`, this.#stopped.exit);
    const source = `pid ${daemon.identity.pid}`;
    if (died !== undefined) {
      return inconclusive(
        `the agent had already ended by itself (${died.signal ?? `exit ${died.exitCode}`}), so it could not be stopped in order`,
        { source },
      );
    }
    if (signal !== undefined)
      return fail(
        `the agent did not stop on SIGINT and had to be killed (${signal} after ${stopMs} ms)`,
        { value: signal, limit: 'exit 0', source },
      );
    return exitCode === 0
      ? pass(`exit 0, ${stopMs} ms after SIGINT`, { value: exitCode, limit: 0, source })
      : fail(
          `the agent stopped with exit code ${exitCode}, expected 0; last words: ${shownOutput(daemon.log.lastWords)}`,
          { value: exitCode ?? 'none', limit: 0, source },
        );
  }

  /** A stopped agent denies nothing: the hooks belong to the process (§5.3). */
  async fileIsFreeAfterStop(): Promise<Judgement> {
    if (this.#stopped === undefined) throw noEvidence('the agent was not stopped in order');
    const { soak } = this.#prepared();
    const { outcome, signals } = await this.#open(soak);
    return outcome.kind === 'allowed' && signals === 0
      ? pass('read as written with the agent stopped', { source: soak.path })
      : fail(
          `with the agent stopped the soak file was ${outcomeText(outcome)}: enforcement goes on without an agent (pinned links?)`,
          { value: outcomeText(outcome), limit: 'allowed', source: soak.path },
        );
  }

  /** Groups what our own workload did not cause into the review file. */
  reviewNotes(): Judgement {
    const events = (this.#stopped ?? this.#ready()).events;
    const strangers = this.#soak?.strangerEventLines ?? 0;
    const groups = events.hostDecisions();
    writeReviewNotes(this.#run.directory, this.mode, groups);
    const total = groups.reduce((sum, group) => sum + group.count, 0);
    return pass(
      total + strangers === 0
        ? 'no decision besides the canary’s own'
        : `${total} decisions of others in ${groups.length} groups to review, ${strangers} opens of our own soak file by others`,
      { value: groups.length, unit: 'groups', source: 'review.yaml' },
    );
  }

  /** Ends what is still running, whatever happened; rules still there are left to the journal. */
  async cleanUp(): Promise<void> {
    if (this.#stopped === undefined) await this.#stopAnyway?.();
    if (this.#policy !== undefined) await removePolicy(this.#run, this.#policy);
  }

  async #keepHealth(name: string): Promise<void> {
    const result = await runCommand(
      this.#run.candidate,
      ['health', '--json'],
      this.#run.commandTimeoutSeconds,
    );
    this.#run.directory.writeText(`${this.mode}/${name}`, result.stdout);
  }

  #open(file: OwnFile, opens = 1): Promise<Probe> {
    return probeFile(file, this.#run.candidate.environment, opens);
  }

  #prepared(): Prepared {
    if (this.#files === undefined) throw noEvidence('the probe files were not made');
    return this.#files;
  }

  #ready(): ReadyDaemon {
    if (this.#daemon === undefined) throw noEvidence('the agent was not started in this phase');
    return this.#daemon;
  }

  #decisionSubject(): DecisionSubject {
    const { probe, beside } = this.#prepared();
    return {
      mode: this.mode,
      enforceSignal: this.#run.settings.ENFORCE_SIGNAL,
      daemon: this.#running(),
      probe,
      beside,
      environment: this.#run.candidate.environment,
    };
  }

  /** The daemon, while it lives: what a dead agent allows or denies proves nothing about it. */
  #running(): ReadyDaemon {
    const daemon = this.#ready();
    if (daemon.isRunning()) return daemon;
    throw noEvidence('the agent no longer runs, so this cannot be tried', {
      source: `pid ${daemon.identity.pid}`,
    });
  }
}
