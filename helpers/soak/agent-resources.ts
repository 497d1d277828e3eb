import type { ProcessResources } from '../host/processes.ts';
import { memorySourceText } from '../host/resident-memory.ts';
import type { Figure } from '../settings/thresholds.ts';
import type { ResourceLevel, SoakResult } from './result.ts';
import { Readings } from './trend.ts';

/** sysconf(_SC_CLK_TCK), 100 on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;

/** What /proc tells of the agent's process at one moment, and how many children it has. */
type AgentReading = ProcessResources & { readonly childProcesses: number };

interface CpuReading {
  readonly seconds: number;
  readonly ticks: number;
}

/** A figure that goes up and down: the highest so far, and its trend. */
class Level {
  #highest: number | undefined;
  readonly #readings = new Readings();

  add(seconds: number, value: number): void {
    this.#highest = Math.max(this.#highest ?? 0, value);
    this.#readings.add({ seconds, value });
  }

  soFar = (): ResourceLevel => ({ highest: this.#highest });
  result = (): ResourceLevel => ({ ...this.soFar(), trend: this.#readings.trend() });
}

/** What the agent's process takes of the host during a soak, from one reading of /proc a sample. */
export class AgentResources {
  readonly rss: Omit<SoakResult['rss'], 'baselineKb' | 'trend'> & { samples: number } = {
    samples: 0,
  };
  readonly #source: string;
  readonly #memory = new Readings();
  readonly #descriptors = new Level();
  readonly #threads = new Level();
  readonly #childProcesses = new Level();
  #first: CpuReading | undefined;
  #last: CpuReading | undefined;
  #backwards = false;
  #unread = 0;

  constructor(pid: number) {
    this.#source = `/proc/${pid}`;
  }

  add(seconds: number, read: AgentReading | undefined): void {
    if (read === undefined) {
      this.#unread += 1;
      return;
    }
    const { rssKb, rssSource, cpuTicks, fileDescriptors, threads, childProcesses } = read;
    this.rss.samples += 1;
    this.rss.source = memorySourceText(rssSource);
    this.rss.lastKb = rssKb;
    this.rss.maxKb = Math.max(this.rss.maxKb ?? 0, rssKb);
    this.#memory.add({ seconds, value: rssKb });
    this.#descriptors.add(seconds, fileDescriptors);
    this.#threads.add(seconds, threads);
    this.#childProcesses.add(seconds, childProcesses);
    this.#backwards ||= cpuTicks < (this.#last?.ticks ?? 0);
    this.#last = { seconds, ticks: cpuTicks };
    this.#first ??= this.#last;
  }

  memoryTrend = () => this.#memory.trend();

  /** Without the trends, which a watch that looks several times a second does not need. */
  soFar(): NonNullable<SoakResult['resources']> {
    return {
      unread: this.#unread,
      cpuSeconds: this.#cpuSeconds(),
      overSeconds: (this.#last?.seconds ?? 0) - (this.#first?.seconds ?? 0),
      descriptors: this.#descriptors.soFar(),
      threads: this.#threads.soFar(),
      childProcesses: this.#childProcesses.soFar(),
    };
  }

  result(): NonNullable<SoakResult['resources']> {
    return {
      ...this.soFar(),
      descriptors: this.#descriptors.result(),
      threads: this.#threads.result(),
      childProcesses: this.#childProcesses.result(),
    };
  }

  #cpuSeconds(): Figure {
    const source = `${this.#source}/stat`;
    const unknown = (reason: string): Figure => ({ known: false, reason, source });
    if (this.#backwards) return unknown("the agent's CPU time went backwards during the soak");
    const [first, last] = [this.#first, this.#last];
    if (first === undefined || last === undefined || last.seconds <= first.seconds)
      return unknown(
        "the agent's CPU time was read less than twice; run longer than SAMPLE_SECONDS",
      );
    return { known: true, value: (last.ticks - first.ticks) / TICKS_PER_SECOND, source };
  }
}
