import { outputText } from '../../agent/command.ts';
import {
  type ReadyDaemon,
  StartingDaemon,
  type StoppedDaemon,
  type StopSignal,
} from '../../agent/daemon.ts';
import { daemonOptions, type EnforceSignal, type Mode } from '../../agent/daemon-options.ts';
import { mustLive } from '../../agent/lives.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { fail, inconclusive, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import { isRunning, listProcesses } from '../../host/processes.ts';
import type { CanaryRun } from '../canary-run.ts';
import { FirstDecision } from './first-decision.ts';

/** `coverage/audit` is of the section `coverage`. */
const sectionOfFolder = (name: string) => name.split('/', 1)[0] ?? name;

/** The daemon of one phase, from its start to its end. */
export class PhaseDaemon {
  readonly #run: CanaryRun;
  readonly #mode: Mode;
  readonly #name: string;
  readonly #enforceSignal: EnforceSignal;
  stopped: StoppedDaemon | undefined;
  /** How it ended without being told to, in words; undefined while nobody saw that. */
  endedByItself: string | undefined;
  /** What is wrong with the first decision after the start, if anything. */
  lateDecision: Judgement | undefined;
  #ready: ReadyDaemon | undefined;
  #stopAnyway: (() => Promise<StoppedDaemon>) | undefined;

  /** @param name folder of the run directory for what the agent says. */
  constructor(
    run: CanaryRun,
    mode: Mode,
    name: string = mode,
    enforceSignal: EnforceSignal = run.settings.ENFORCE_SIGNAL,
  ) {
    this.#run = run;
    this.#mode = mode;
    this.#name = name;
    this.#enforceSignal = enforceSignal;
  }

  /** @throws JudgementError (inconclusive) when it was not started. */
  get ready(): ReadyDaemon {
    if (this.#ready === undefined) throw noEvidence('the agent was not started in this phase');
    return this.#ready;
  }

  /** The daemon, while it lives: what a dead agent allows or denies proves nothing about it. */
  get running(): ReadyDaemon {
    const daemon = this.ready;
    if (daemon.isRunning()) return daemon;
    throw noEvidence('the agent no longer runs, so this cannot be tried', {
      source: `pid ${daemon.identity.pid}`,
    });
  }

  /**
   * Readiness by the agent's word. The denied file, where one is named, is opened all the while, so that no slow command of
   * ours stands between that word and the first open; the decision that follows judges it.
   */
  async start(denied?: OwnFile): Promise<Judgement> {
    const { settings, candidate, directory } = this.#run;
    using first = denied && new FirstDecision(this.#mode, denied, candidate.environment);
    await first?.up();
    await this.#run.journal();
    const options = await daemonOptions(settings, {
      name: this.#name,
      mode: this.#mode,
      enforceSignal: this.#enforceSignal,
      allowSigkill: this.#enforceSignal === 'kill' && settings.ALLOW_SIGKILL_CANARY,
    });
    const starting = new StartingDaemon(candidate, options, directory);
    this.#stopAnyway = () => starting.stop();
    first?.watch(starting, settings.READY_TIMEOUT_SECONDS * 1000);
    this.#ready = await starting.ready();
    mustLive(sectionOfFolder(this.#name), this.#ready);
    this.lateDecision = await first?.judge(this.#ready);
    const { started, startMs, identity } = this.#ready;
    return pass(
      `pid ${identity.pid} ready after ${startMs} ms: runtime_state=${started.runtime_state}, lsm_hook=${started.lsm_hook}, enforce_signal=${started.enforce_signal}`,
      { value: startMs, unit: 'ms', source: `${this.#name}/agent.stderr.log` },
    );
  }

  /** Each of these signals ends the agent in order: exit code 0 (docs/agent-contract.md §5.3). */
  async stop(sent: StopSignal = 'SIGINT'): Promise<Judgement> {
    const daemon = this.ready;
    const died = daemon.exit();
    if (died !== undefined) this.endedByItself = died.signal ?? `exit ${died.exitCode}`;
    const children = listProcesses().filter(({ parentPid }) => parentPid === daemon.identity.pid);
    this.stopped = await daemon.stop(sent);
    const { exitCode, signal, stopMs } = this.stopped.exit;
    this.#run.directory.writeJson(`${this.#name}/agent-exit.json`, this.stopped.exit);
    const source = `pid ${daemon.identity.pid}`;
    if (this.endedByItself !== undefined)
      return inconclusive(
        `the agent had already ended by itself (${this.endedByItself}), so an orderly stop could not be tested`,
        { source },
      );
    if (signal !== undefined)
      return fail(
        signal === sent
          ? `the agent was ended by ${sent} where it stood; it must stop in order on that, as systemd sends it`
          : `the agent did not stop on ${sent} and had to be killed (${signal} after ${stopMs} ms)`,
        { value: signal, limit: 'exit 0', source },
      );
    const left = children.filter(isRunning);
    if (left.length > 0)
      return fail(
        `the agent left ${left.length} of its child processes behind: ${left.map(({ comm, pid }) => `${outputText(comm)} (pid ${pid})`).join(', ')}`,
        { value: left.length, limit: 0, unit: 'processes', source: '/proc' },
      );
    const { MAX_STOP_MS: most } = this.#run.settings;
    if (exitCode === 0 && stopMs !== undefined && stopMs > most)
      return fail(`exit 0, ${stopMs} ms after ${sent}, limit MAX_STOP_MS=${most}`, {
        ...{ value: stopMs, limit: most, unit: 'ms', source },
      });
    return exitCode === 0
      ? pass(`exit 0, ${stopMs} ms after ${sent}`, { value: exitCode, limit: 0, source })
      : fail(
          `the agent stopped with exit code ${exitCode}, expected 0; last words: ${outputText(daemon.log.lastWords)}`,
          { value: exitCode ?? 'none', limit: 0, source },
        );
  }

  /** Ends it, whatever happened before. */
  async cleanUp(): Promise<void> {
    if (this.stopped === undefined) await this.#stopAnyway?.();
  }
}
