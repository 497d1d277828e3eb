import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { failed, noEvidence } from '../criteria/judgement.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { privateDirectory, RUNTIME_DIRECTORY } from '../files/private-directory.ts';
import { confinementOf } from '../host/confinement.ts';
import { isRunning, type ProcessIdentity, processIdentity } from '../host/processes.ts';
import { inWords } from '../text/counted.ts';
import { agentEnvironment, type Candidate, endText, outputText } from './command.ts';
import type { Capabilities } from './contract/capabilities.ts';
import type { AgentStarted } from './contract/daemon-log.ts';
import { EVENT_FORMATS } from './contract/event-formats.ts';
import { type DaemonOptions, type Mode, runArguments } from './daemon-options.ts';
import { checkConfinement, checkStarted, freshCapabilities } from './daemon-readiness.ts';
import { DaemonLog } from './stream/daemon-log-reader.ts';
import { EventLog } from './stream/event-log.ts';
import { GatheredPipe } from './stream/gathered-pipe.ts';

/** How a daemon ended. */
interface DaemonExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** From our signal to its end, in ms; undefined when it ended by itself. */
  readonly stopMs: number | undefined;
}

/** What ends an agent in order (docs/agent-contract.md §5.3): people at a terminal send the one, systemd the other (systemd.kill(5)). */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** A daemon whose hooks are attached, by its own word; a probe must still prove it. */
export interface ReadyDaemon {
  readonly identity: ProcessIdentity;
  readonly mode: Mode;
  readonly metricsAddress: string;
  readonly started: AgentStarted;
  readonly capabilities: Capabilities;
  readonly startMs: number;
  readonly events: EventLog;
  readonly log: DaemonLog;
  /** How it ended, once it has. */
  readonly exit: () => DaemonExit | undefined;
  isRunning(): boolean;
  /** Sends the signal, SIGINT by default, and waits for the end; SIGKILL after the grace period. */
  stop(signal?: StopSignal): Promise<StoppedDaemon>;
}

/** Who starts the agent in our place, as systemd does. */
export interface Starter {
  /** What is run for this: it has the agent's output, and ends as the agent ends. */
  command(
    agent: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): readonly string[];
  /** The agent's process, while there is one. */
  mainPid(): Promise<number | undefined>;
  /** Sends the agent a signal. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface StoppedDaemon {
  readonly exit: DaemonExit;
  readonly events: EventLog;
  readonly log: DaemonLog;
}

export const STDBUF = '/usr/bin/stdbuf';
/** Event lines of another format than the agent's own, as they came: nobody takes them for its own. */
export const OTHER_FORMAT_FILE = 'agent.stdout.log';
/** The contract's slowest clean stop is about 1.3 s; emulated hosts need more. */
const STOP_GRACE_MS = 30_000;
/** How long the pipes may stay open after the agent's end. */
const DRAIN_MS = 3000;

const UNKNOWN_END: DaemonExit = { exitCode: undefined, signal: undefined, stopMs: undefined };

const sinceMs = (begunMs: number) => Math.round(performance.now() - begunMs);

/** What a start had besides what the canary sets, for a message; with a blank behind it. */
function givenByProduction(knobs: Readonly<Record<string, readonly string[]>>): string {
  const given = Object.entries(knobs).filter(([, all]) => all.length > 0);
  const words = given.map(([knob, all]) => `${knob} (${outputText(all.join(' '))})`);
  return words.length === 0 ? '' : `with ${inWords(words)} `;
}

/** A daemon that was spawned and has not said that it is ready; its pipes are drained to files from the first byte on. */
export class StartingDaemon {
  readonly #candidate: Candidate;
  readonly #options: DaemonOptions;
  readonly #run: RunDirectory;
  readonly #starter: Starter | undefined;
  readonly #child: ChildProcess;
  readonly #stdout: GatheredPipe;
  readonly events: EventLog;
  readonly #log: DaemonLog;
  /** By the host's clock, as the agent tells when it wrote its report. */
  readonly #spawnedAt = Date.now();
  /** Durations are of a clock that nobody sets. */
  readonly #spawnedMs = performance.now();
  readonly #ended: Promise<void>;
  #exit: DaemonExit | undefined;
  #stopAskedMs: number | undefined;

  /** @param starter starts it; we do where it is absent. */
  constructor(candidate: Candidate, options: DaemonOptions, run: RunDirectory, starter?: Starter) {
    this.#candidate = candidate;
    this.#options = options;
    this.#run = run;
    this.#starter = starter;
    run.directory(options.name);
    this.events =
      options.eventFormat === undefined
        ? new EventLog(run.file(options.name, 'agent.stdout.ndjson'), run.begun)
        : new EventLog(
            run.file(options.name, OTHER_FORMAT_FILE),
            run.begun,
            EVENT_FORMATS[options.eventFormat],
          );
    this.#log = new DaemonLog(run.file(options.name, 'agent.stderr.log'), run.begun);
    // Event lines are block-buffered on a pipe and would come 4 KiB late (docs/agent-contract.md §0.3).
    // Not in OUT_DIR, which may be on a filesystem without FIFOs.
    privateDirectory(RUNTIME_DIRECTORY);
    const fifo = `${process.pid}-${options.name.replaceAll('/', '-')}.fifo`;
    const path = join(RUNTIME_DIRECTORY, fifo);
    this.#stdout = new GatheredPipe(path, (chunk) => this.events.push(chunk));
    const env = { ...agentEnvironment(candidate), AEGIS_METRICS_ADDR: options.metricsAddress };
    const agent = [STDBUF, '-oL', candidate.executable, ...runArguments(options)];
    const [program = STDBUF, ...args] = starter?.command(agent, env) ?? agent;
    this.#child = spawn(program, args, {
      env,
      cwd: '/',
      stdio: ['ignore', this.#stdout.writeEnd, 'pipe'],
    });
    this.#stdout.closeWriteEnd();
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#log.push(chunk));
    this.#ended = this.#awaitEnd();
  }

  async #awaitEnd(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    const end = await new Promise<Pick<DaemonExit, 'exitCode' | 'signal'>>((resolve) => {
      this.#child.once('exit', (code, signal) => {
        const ended = { exitCode: code ?? undefined, signal: signal ?? undefined };
        this.#stdout.drain();
        // Both pipes are read to their end; a child of the agent may hold them open.
        const late = setTimeout(() => resolve(ended), DRAIN_MS);
        void Promise.all([closed, this.#stdout.ended]).then(() => {
          clearTimeout(late);
          resolve(ended);
        });
      });
      this.#child.once('error', () => resolve(UNKNOWN_END));
    });
    this.#stdout.close();
    const stopMs = this.#stopAskedMs === undefined ? undefined : sinceMs(this.#stopAskedMs);
    this.#exit = { ...end, stopMs };
    await Promise.all([this.events.end(), this.#log.end()]);
  }

  /** Its event lines find no reader until `releaseEvents`. */
  holdEvents(): void {
    this.#stdout.hold();
  }

  releaseEvents(): void {
    this.#stdout.release();
  }

  /**
   * Waits for `Agent started` and a fresh capability report that agrees with what was asked.
   * `STARTUP_ENFORCE_READY` proves nothing: it comes before anything is attached (docs/agent-contract.md §0.2).
   */
  async ready(): Promise<ReadyDaemon> {
    const { name, mode, metricsAddress, readyTimeoutSeconds } = this.#options;
    const gone = this.#ended.then(() => true as const);
    const started = await Promise.race([this.#log.untilStarted(readyTimeoutSeconds * 1000), gone]);
    if (started === true || this.#exit !== undefined) throw this.#endedEarly();
    const source = `${name}/agent.stderr.log`;
    if (started === undefined) {
      throw failed(
        `the agent did not become ready: no "Agent started" on its log within ${readyTimeoutSeconds} s (READY_TIMEOUT_SECONDS); its last line was ${outputText(this.#log.lastLine)}`,
        { limit: readyTimeoutSeconds, unit: 's', source },
      );
    }
    if (!started.ok)
      throw noEvidence(`"Agent started" cannot be read: ${started.error}`, { source });
    const startMs = sinceMs(this.#spawnedMs);
    checkStarted(started.value, this.#options, source);
    const pid = await (this.#starter === undefined ? this.#child.pid : this.#starter.mainPid());
    if (pid !== undefined && this.#options.ofProduction !== undefined)
      checkConfinement(
        this.#options.ofProduction,
        ...([confinementOf(pid), confinementOf(process.pid)] as const),
        `/proc/${pid}/status`,
      );
    const keep = (report: Uint8Array) => this.#run.writeText(`${name}/capabilities.json`, report);
    const capabilities = await freshCapabilities(
      this.#candidate,
      this.#options,
      this.#spawnedAt,
      keep,
    );
    const identity = pid === undefined ? undefined : processIdentity(pid);
    if (identity === undefined) throw this.#endedEarly();
    return {
      identity,
      mode,
      metricsAddress,
      started: started.value,
      capabilities,
      startMs,
      events: this.events,
      log: this.#log,
      exit: () => this.#exit,
      isRunning: () => this.#exit === undefined && isRunning(identity),
      stop: (signal) => this.stop(signal),
    };
  }

  #endedEarly(): Error {
    const end = this.#exit ?? UNKNOWN_END;
    const given = givenByProduction({
      AGENT_OPTIONS: this.#options.ofProduction ?? [],
      AGENT_ENVIRONMENT: Object.keys(this.#candidate.ofProduction ?? {}),
    });
    return failed(
      `${given}the agent ${endText(end)} before it was ready; its last words: ${outputText(this.#log.lastWords)}`,
      {
        value: end.signal ?? end.exitCode ?? 'unknown',
        source: `${this.#options.name}/agent.stderr.log`,
      },
    );
  }

  async #kill(signal: NodeJS.Signals): Promise<void> {
    if (this.#starter === undefined) this.#child.kill(signal);
    else await this.#starter.kill(signal);
  }

  async stop(signal: StopSignal = 'SIGINT'): Promise<StoppedDaemon> {
    if (this.#exit === undefined) {
      this.#stopAskedMs = performance.now();
      await this.#kill(signal);
      const late = setTimeout(() => {
        void this.#kill('SIGKILL');
        // Should whoever started it not answer: what is left of it is stopped by the journal.
        this.#child.kill('SIGKILL');
      }, STOP_GRACE_MS);
      await this.#ended;
      clearTimeout(late);
    }
    return { exit: this.#exit ?? UNKNOWN_END, events: this.events, log: this.#log };
  }
}
