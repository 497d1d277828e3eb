import type { LockedMemory } from '../host/locked-memory.ts';
import { memorySourceText } from '../host/resident-memory.ts';
import type { Figure } from '../settings/thresholds.ts';
import type { AgentReading } from './agent-reading.ts';
import type { Reading, ResourceLevel, SoakResult } from './result.ts';
import { Readings } from './trend.ts';

/** sysconf(_SC_CLK_TCK), 100 on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;

interface CpuReading {
  readonly seconds: number;
  readonly ticks: number;
  readonly systemTicks: number | undefined;
}

/** Between readings that are closer a tick of the kernel's accounting is too much of the time. */
const LEAST_SECONDS = 0.5;
const P95 = 0.95;
const SECONDS_PER_HOUR = 3600;
const BYTES_PER_KB = 1024;

/** The CPU time between one reading and the next, in whole percent of one core. */
class CpuShares {
  readonly #counts = new Map<number, number>();
  readonly #readings = new Readings();
  #taken = 0;
  #last: CpuReading | undefined;

  add(reading: CpuReading): void {
    const seconds = reading.seconds - (this.#last?.seconds ?? reading.seconds);
    if (this.#last !== undefined && seconds < LEAST_SECONDS) return;
    if (this.#last !== undefined) {
      const ticks = Math.max(0, reading.ticks - this.#last.ticks);
      const percent = Math.round((100 * ticks) / TICKS_PER_SECOND / seconds);
      this.#counts.set(percent, (this.#counts.get(percent) ?? 0) + 1);
      this.#taken += 1;
      this.#readings.add({ seconds: reading.seconds, value: percent });
    }
    this.#last = reading;
  }

  trend = () => this.#readings.trend();

  /** By nearest rank: of fewer than twenty it is the highest. */
  p95(): { readonly percent: number; readonly of: number } | undefined {
    let left = Math.ceil(P95 * this.#taken);
    for (const [percent, count] of [...this.#counts].sort(([one], [other]) => one - other)) {
      left -= count;
      if (left <= 0) return { percent, of: this.#taken };
    }
    return undefined;
  }
}

/** At which pace a count grows. */
class Pace {
  readonly #readings = new Readings();
  #last: { readonly seconds: number; readonly count: number } | undefined;

  /** @param count is a total. */
  add(seconds: number, count: number): void {
    const over = seconds - (this.#last?.seconds ?? seconds);
    if (this.#last !== undefined && over < LEAST_SECONDS) return;
    if (this.#last !== undefined)
      this.#readings.add({
        seconds,
        value: ((count - this.#last.count) * SECONDS_PER_HOUR) / over,
      });
    this.#last = { seconds, count };
  }

  trend = () => this.#readings.trend();
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
  readonly #locked = new Level();
  readonly #files = new Level();
  readonly #shares = new CpuShares();
  readonly #written = new Pace();
  #maps: LockedMemory | undefined;
  #first: CpuReading | undefined;
  #last: CpuReading | undefined;
  #backwards = false;
  readonly #unread: Partial<Record<Reading, number>> = {};

  constructor(pid: number) {
    this.#source = `/proc/${pid}`;
  }

  /** Each figure is kept, or counted as missing, by itself. */
  add(seconds: number, read: AgentReading): void {
    const { rssSource, childProcesses } = read;
    this.#childProcesses.add(seconds, childProcesses);
    this.#told('memory', read.rssKb, (kb) => this.#addMemory(seconds, kb, rssSource));
    const { cpuSystemTicks: systemTicks } = read;
    this.#told('cpu', read.cpuTicks, (ticks) => this.#addCpu({ seconds, ticks, systemTicks }));
    this.#told('descriptors', read.fileDescriptors, (all) => this.#descriptors.add(seconds, all));
    this.#told('threads', read.threads, (all) => this.#threads.add(seconds, all));
    this.#told('locked', read.locked, (locked) => {
      this.#locked.add(seconds, locked.kb);
      this.#maps = locked;
    });
    this.#told('written', read.writtenBytes, (bytes) =>
      this.#written.add(seconds, bytes / BYTES_PER_KB),
    );
    this.#told('files', read.filesKb, (kb) => this.#files.add(seconds, kb));
  }

  #told<T>(what: Reading, value: T | undefined, keep: (value: T) => void): void {
    if (value === undefined) this.#unread[what] = (this.#unread[what] ?? 0) + 1;
    else keep(value);
  }

  #addMemory(seconds: number, kb: number, source: string | undefined): void {
    this.rss.samples += 1;
    this.rss.source = source && memorySourceText(source);
    this.rss.lastKb = kb;
    this.rss.maxKb = Math.max(this.rss.maxKb ?? 0, kb);
    this.#memory.add({ seconds, value: kb });
  }

  #addCpu(reading: CpuReading): void {
    this.#shares.add(reading);
    this.#backwards ||= reading.ticks < (this.#last?.ticks ?? 0);
    this.#last = reading;
    this.#first ??= reading;
  }

  memoryTrend = () => this.#memory.trend();

  /** Without the trends, which a watch that looks several times a second does not need. */
  soFar(): NonNullable<SoakResult['resources']> {
    return {
      unread: { ...this.#unread },
      cpuSeconds: this.#cpuSeconds(),
      cpuSystemSeconds: this.#systemSeconds(),
      overSeconds: (this.#last?.seconds ?? 0) - (this.#first?.seconds ?? 0),
      descriptors: this.#descriptors.soFar(),
      threads: this.#threads.soFar(),
      childProcesses: this.#childProcesses.soFar(),
      files: this.#files.soFar(),
      cpuP95: this.#shares.p95(),
      locked: this.#locked.soFar(),
      lockedMaps: this.#maps && {
        ...{ held: this.#maps.maps, told: this.#maps.told, leftOutKb: this.#maps.leftOutKb },
      },
    };
  }

  result(): NonNullable<SoakResult['resources']> {
    return {
      ...this.soFar(),
      descriptors: this.#descriptors.result(),
      threads: this.#threads.result(),
      childProcesses: this.#childProcesses.result(),
      locked: this.#locked.result(),
      files: this.#files.result(),
      cpuTrend: this.#shares.trend(),
      writtenTrend: this.#written.trend(),
    };
  }

  #systemSeconds(): number | undefined {
    const [from, to] = [this.#first?.systemTicks, this.#last?.systemTicks];
    return from === undefined || to === undefined ? undefined : (to - from) / TICKS_PER_SECOND;
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
