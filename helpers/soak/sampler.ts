import { endText } from '../agent/command.ts';
import { type Scrape, scrapeCommand, scrapeEndpoint } from '../agent/scrape.ts';
import { pause } from '../criteria/step-signal.ts';
import { agentInstances, listProcesses, type ProcessInformation } from '../host/processes.ts';
import type { Workload } from '../workload/workload.ts';
import { type AgentReading, readAgent } from './agent-reading.ts';
import { AgentResources } from './agent-resources.ts';
import { DECISION_FAMILIES, DROP_FAMILIES, familyTotal, TELEMETRY_DROPS } from './counters.ts';
import type { SoakResult } from './result.ts';
import type { Sample } from './sample.ts';
import type { SoakSubject } from './subject.ts';

/** The endpoint opens just after `Agent started` (docs/agent-contract.md §3.3). */
const ENDPOINT_WAIT_MS = 3000;
/** How often the agent's life and the workers' counts are looked at between samples. */
const WATCH_MS = 250;

/**
 * Another daemon of the agent beside this one, in words; undefined when it is alone. One-shot
 * commands of ours are our children; everything else named so is another instance.
 */
function otherInstance(
  executable: string,
  daemonPid: number,
  processes: readonly ProcessInformation[],
): string | undefined {
  const other = agentInstances({ path: executable }, processes).daemons.find(
    (one) => one.pid !== daemonPid && one.parentPid !== process.pid,
  );
  return other === undefined ? undefined : `${other.comm}, pid ${other.pid}`;
}

/** The figures of a reading, as a sample has them. */
const sampled = ({ locked, ...figures }: AgentReading) => ({ ...figures, lockedKb: locked?.kb });

/** Watches the agent during a soak: one line of samples.ndjson each time, appended at once. */
export class Sampler {
  readonly resources: AgentResources;
  readonly scrapes: SoakResult['samples'] = { taken: 0, failed: 0, late: 0, source: '' };
  telemetryDrops: number | undefined;
  otherInstance: string | undefined;
  /** Cumulative totals of the latest scrape that had them. */
  totals: { readonly decisions: number; readonly drops: number } | undefined;
  readonly #subject: SoakSubject;
  readonly #workload: Workload;
  #endpoint = true;
  #begun = 0;
  #diedAfterSeconds: number | undefined;
  #pending: Promise<void> = Promise.resolve();

  constructor(subject: SoakSubject, workload: Workload) {
    this.#subject = subject;
    this.resources = new AgentResources(subject.daemon.identity.pid);
    this.#workload = workload;
  }

  /** Finds out where samples come from: the daemon's endpoint, or the command line without one. */
  async prepare(): Promise<void> {
    const { daemon } = this.#subject;
    const deadline = performance.now() + ENDPOINT_WAIT_MS;
    let last: Scrape;
    do {
      last = await scrapeEndpoint(daemon.metricsAddress);
      if (last.ok) break;
      await pause(WATCH_MS);
    } while (daemon.isRunning() && performance.now() < deadline);
    // An endpoint that answers without samples is a broken one, not a version without one.
    this.#endpoint = last.ok || last.text !== '';
    this.scrapes.source = this.#endpoint ? last.source : 'aegisbpf metrics --detailed';
  }

  /**
   * Samples until the time is over.
   * @param breach says what can no longer pass, or nothing.
   * @returns why it ended early, if it did.
   */
  async runFor(
    durationMs: number,
    breach: (elapsedMs: number) => string | undefined,
  ): Promise<string | undefined> {
    const { settings, daemon } = this.#subject;
    const everySeconds = this.#endpoint ? settings.SAMPLE_SECONDS : settings.POLL_SECONDS;
    const every = everySeconds * 1000;
    this.scrapes.everySeconds = everySeconds;
    this.#begun = performance.now();
    let next = 0;
    let sampling = false;
    for (;;) {
      const elapsed = performance.now() - this.#begun;
      const ending = breach(elapsed);
      // Looked at last: what goes through after the agent's death is no breach of its own.
      if (!daemon.isRunning()) {
        this.#diedAfterSeconds = elapsed / 1000;
        return 'the agent died';
      }
      if (ending !== undefined) return ending;
      if (elapsed >= durationMs) return undefined;
      if (elapsed >= next && !sampling) {
        if (elapsed - next > every / 2) this.scrapes.late += 1;
        // What was missed while the last one hung is not made up for.
        next = Math.max(next + every, elapsed - (elapsed % every) + every);
        sampling = true;
        this.#pending = this.#sample(elapsed).finally(() => {
          sampling = false;
        });
      }
      const wait = pause(Math.max(1, Math.min(WATCH_MS, durationMs - elapsed)));
      // What a sample shows is judged as soon as it is taken.
      await (sampling ? Promise.race([wait, this.#pending]) : wait);
    }
  }

  /** Waits for the sample under way and takes the last one. */
  async finish(): Promise<void> {
    await this.#pending;
    if (this.#subject.daemon.isRunning()) await this.#sample(performance.now() - this.#begun);
  }

  agent(): SoakResult['agent'] {
    const { daemon } = this.#subject;
    const exit = daemon.exit();
    return {
      alive: daemon.isRunning(),
      pid: daemon.identity.pid,
      starts: daemon.log.starts,
      exit: exit && `it ${endText(exit)}; last words: ${daemon.log.lastWords}`,
      diedAfterSeconds: this.#diedAfterSeconds,
    };
  }

  async #sample(elapsedMs: number): Promise<void> {
    const { run, daemon, candidate, decisions, settings } = this.#subject;
    const processes = listProcesses();
    this.otherInstance ??= otherInstance(candidate.executable, daemon.identity.pid, processes);
    const figures = this.#figures(
      this.#endpoint ? await scrapeEndpoint(daemon.metricsAddress) : await scrapeCommand(candidate),
    );
    // The scrape may have taken a while.
    const read = readAgent(daemon, settings.HOST_ROOT, processes);
    // What /proc does not tell of an agent that has ended is missing for no figure.
    const isTold = daemon.isRunning();
    if (isTold) this.resources.add((performance.now() - this.#begun) / 1000, read);
    const { attempts, allowed, eperm: denied, signals } = this.#workload.counts();
    const line: Sample = {
      at: new Date().toISOString(),
      elapsedMs: Math.round(elapsedMs),
      ...{ attempts, allowed, denied, signals },
      ...figures,
      ...(isTold ? sampled(read) : {}),
      eventLines: decisions.lines,
      openLatencyUs: this.#workload.takeLatency(),
    };
    run.appendLine(`${daemon.mode}/samples.ndjson`, line);
  }

  #figures(scrape: Scrape): Pick<Sample, 'decisions' | 'drops' | 'telemetryDrops' | 'scrapeError'> {
    if (!scrape.ok) {
      // A scrape that was under way when the agent died says nothing about the endpoint.
      if (this.#subject.daemon.isRunning()) {
        this.scrapes.failed += 1;
        this.scrapes.lastError = scrape.reason;
      }
      return { scrapeError: scrape.reason };
    }
    const decisions = familyTotal(scrape.metrics, DECISION_FAMILIES);
    const drops = familyTotal(scrape.metrics, DROP_FAMILIES);
    const lacks = [
      ...(decisions === undefined ? [DECISION_FAMILIES.join(', ')] : []),
      ...(drops === undefined ? [DROP_FAMILIES.join(', ')] : []),
    ];
    if (lacks.length === 0) this.scrapes.taken += 1;
    else {
      // Without them nobody sees what happens between the first scrape and the last.
      this.scrapes.failed += 1;
      const [fault] = [...DECISION_FAMILIES, ...DROP_FAMILIES].flatMap(
        (family) => scrape.metrics.fault(family) ?? [],
      );
      this.scrapes.lastError = fault ?? `${scrape.source} has no ${lacks.join(' and no ')}`;
    }
    const telemetry = scrape.metrics.sum(TELEMETRY_DROPS);
    if (telemetry.ok) this.telemetryDrops = telemetry.value;
    if (decisions !== undefined && drops !== undefined) this.#compare({ decisions, drops });
    return { decisions, drops, telemetryDrops: telemetry.ok ? telemetry.value : undefined };
  }

  /** A reset between two samples is lost when the counter has grown past its old value by the end. */
  #compare(now: { decisions: number; drops: number }): void {
    const last = this.totals;
    this.totals = now;
    if (last === undefined || (now.decisions >= last.decisions && now.drops >= last.drops)) return;
    this.scrapes.decreased = `counters went backwards during the soak (decisions ${last.decisions} → ${now.decisions}, drops ${last.drops} → ${now.drops}): they were reset, so the deltas of this run are unknown; find out what reset them and run again`;
  }
}
