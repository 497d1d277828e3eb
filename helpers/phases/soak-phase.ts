import { howItEnded, runCommand, shownOutput } from '../agent/command.ts';
import { type Mode, type ReadyDaemon, type StoppedDaemon, startDaemon } from '../agent/daemon.ts';
import type { BlockEvent, FileDecisions } from '../agent/event-log.ts';
import { type OwnFile, ownDirectory, ownFile, plainFilesystem } from '../agent/own-file.ts';
import { outcomeText, type Probe, probeFile, runVictim } from '../agent/probe.ts';
import { addRule, listFileRules, removeRule, rulesOn, ruleText } from '../agent/rules.ts';
import { freeLoopbackPort } from '../agent/scrape.ts';
import { type CanaryRun, canaryRun } from '../canary-run.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../evidence/judgement.ts';
import { writeReviewNotes } from '../evidence/review.ts';
import { actionsOf } from '../soak/invariants.ts';
import type { SoakResult } from '../soak/result.ts';
import { runSoak } from '../soak/soak.ts';
import { type AppliedPolicy, applyCandidatePolicy, removePolicy } from './candidate-policy.ts';
import { soakTarget } from './soak-target.ts';

/** How long an event may take from the decision to our end of the pipe. */
const EVENT_WAIT_MS = 10_000;
/** How long we look for an event that must not come. */
const QUIET_MS = 1500;
/** Strikes after which the agent's SIGKILL mode kills (agent-contract.md §4.2). */
const KILL_STRIKES = 5;

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
    const daemon = this.#running();
    const { probe } = this.#prepared();
    const { ENFORCE_SIGNAL } = this.#run.settings;
    const kill = this.mode === 'enforce' && ENFORCE_SIGNAL === 'kill';
    const decisions = daemon.events.watch(probe);
    if (kill) return this.#killDecision(decisions);
    const seen = await this.#open(probe);
    const problem = this.#hostProblem(seen);
    if (problem !== undefined) return problem;
    return this.#matchingEvent(
      decisions,
      seen.pid,
      1,
      this.mode === 'audit' ? ['AUDIT'] : actionsOf(ENFORCE_SIGNAL),
    );
  }

  #hostProblem(seen: Probe): Judgement | undefined {
    const { ENFORCE_SIGNAL } = this.#run.settings;
    const wanted = this.mode === 'audit' ? 'allowed' : 'refused with EPERM';
    const shown = outcomeText(seen.outcome);
    if (shown !== wanted) {
      return fail(
        `an open of the file with a deny rule was ${shown} in ${this.mode} mode, expected ${wanted}`,
        { value: shown, limit: wanted, source: 'probe process' },
      );
    }
    const signals = this.mode === 'audit' || ENFORCE_SIGNAL === 'none' ? 0 : 1;
    if (seen.signals === signals) return undefined;
    return fail(
      `the process that opened the file received ${seen.signals} signals, expected ${signals} (ENFORCE_SIGNAL=${ENFORCE_SIGNAL}, ${this.mode} mode)`,
      { value: seen.signals, limit: signals, unit: 'signals', source: 'probe process' },
    );
  }

  /** SIGKILL mode: TERM for the first strikes, then a process that lives on is killed. */
  async #killDecision(decisions: FileDecisions): Promise<Judgement> {
    const before = decisions.lines;
    const ended = await this.#open(this.#prepared().probe, KILL_STRIKES + 1).catch(() => undefined);
    if (ended !== undefined) {
      return fail(
        `a process that opened the denied file ${KILL_STRIKES + 1} times lived on under ENFORCE_SIGNAL=kill`,
        { value: 'alive', limit: 'killed', source: 'probe process' },
      );
    }
    await this.#ready().events.until(
      () => (decisions.byAction.get('KILL') ?? 0) > 0,
      EVENT_WAIT_MS,
    );
    const kills = decisions.byAction.get('KILL') ?? 0;
    const text = `${decisions.lines - before} decisions, ${kills} of them KILL; the process was killed`;
    return kills === 1
      ? pass(text)
      : fail(`${text}; expected exactly one KILL event`, {
          value: kills,
          limit: 1,
          unit: 'KILL events',
        });
  }

  async #matchingEvent(
    decisions: FileDecisions,
    pid: number,
    expected: number,
    actions: readonly string[],
  ): Promise<Judgement> {
    const source = `${this.mode}/agent.stdout.ndjson`;
    const of = (list: readonly BlockEvent[]) => list.filter((event) => event.pid === pid);
    const { events } = this.#ready();
    await events.until(() => of(decisions.first).length >= expected, EVENT_WAIT_MS);
    const found = of(decisions.first);
    const { probe } = this.#prepared();
    const wanted = `type=block dev=${probe.dev} ino=${probe.ino} pid=${pid} action=${actions.join('|')}`;
    if (found.length !== expected) {
      const others = decisions.first
        .slice(-3)
        .map((event) => `pid=${event.pid} action=${event.action}`);
      return fail(
        `the open made ${found.length} events with ${wanted}, expected ${expected}${others.length === 0 ? '; there is no event on that file at all' : `; others on that file: ${others.join(', ')}`}`,
        { value: found.length, limit: expected, unit: 'events', source },
      );
    }
    const action = found[0]?.action ?? '';
    if (!actions.includes(action)) {
      return fail(
        `the event on the probe file says action=${shownOutput(action)}, expected ${actions.join(' or ')}`,
        { value: action, limit: actions.join('|'), source },
      );
    }
    return pass(`type=block dev=${probe.dev} ino=${probe.ino} pid=${pid} action=${action}`, {
      value: action,
      limit: actions.join('|'),
      source,
    });
  }

  /** Enforce: an ordinary program that does nothing about signals really ends. */
  async ordinaryProgramIsEnded(): Promise<Judgement> {
    const { ENFORCE_SIGNAL } = this.#run.settings;
    const victim = await runVictim(this.#prepared().probe.path, this.#run.candidate.environment);
    const wanted =
      ENFORCE_SIGNAL === 'none' ? undefined : ENFORCE_SIGNAL === 'int' ? 'SIGINT' : 'SIGTERM';
    const ended = victim.signal ?? `exit ${victim.exitCode}`;
    const measured = { value: ended, limit: wanted ?? 'exit 1 with EPERM', source: '/bin/cat' };
    if (wanted !== undefined) {
      return victim.signal === wanted
        ? pass(`cat was ended by ${wanted}`, measured)
        : fail(`cat opened the denied file and ended with ${ended}, expected ${wanted}`, measured);
    }
    const denied = victim.exitCode === 1 && victim.stderr.includes('Operation not permitted');
    return denied
      ? pass('cat was refused with EPERM and got no signal', measured)
      : fail(`cat ended with ${ended}: ${shownOutput(victim.stderr)}`, measured);
  }

  /** Negative control: a file beside it, without a rule, is read and makes no decision. */
  async fileBesideIsFree(): Promise<Judgement> {
    const { beside } = this.#prepared();
    const decisions = this.#running().events.watch(beside);
    const { outcome, signals } = await this.#open(beside);
    if (outcome.kind !== 'allowed' || signals > 0) {
      return fail(
        `a file without a rule, beside the denied one, was ${outcomeText(outcome)} with ${signals} signals: the agent blocks more than its rules say`,
        { value: outcomeText(outcome), limit: 'allowed', source: beside.path },
      );
    }
    const came = await this.#ready().events.until(() => decisions.lines > 0, QUIET_MS);
    return came
      ? fail(`the open of a file without a rule made ${decisions.lines} decisions`, {
          value: decisions.lines,
          limit: 0,
          unit: 'events',
          source: `${this.mode}/agent.stdout.ndjson`,
        })
      : pass('read as written, no signal, no decision', { value: 0, limit: 0, unit: 'events' });
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

  /** The daemon, while it lives: what a dead agent allows or denies proves nothing about it. */
  #running(): ReadyDaemon {
    const daemon = this.#ready();
    if (daemon.isRunning()) return daemon;
    throw noEvidence('the agent no longer runs, so this cannot be tried', {
      source: `pid ${daemon.identity.pid}`,
    });
  }
}
