import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { RunDirectory } from '../../helpers/evidence/run-directory.ts';
import { jsonOf } from '../../helpers/files/ndjson.ts';
import { soakResult } from '../../helpers/soak/result.ts';
import { type Sample, sampleOf } from '../../helpers/soak/sample.ts';
import type { Point } from './downsample.ts';

const CHUNK_BYTES = 1024 * 1024;

/** The lines of a file of any size; what is torn or too long for one is for the parser to refuse. */
function* linesOf(path: string): Generator<string> {
  const descriptor = openSync(path, 'r');
  try {
    const decoder = new StringDecoder('utf8');
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let rest = '';
    for (;;) {
      const read = readSync(descriptor, buffer);
      if (read === 0) break;
      const lines = (rest + decoder.write(buffer.subarray(0, read))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(descriptor);
  }
}

function readSamples(path: string): Sample[] {
  return [...linesOf(path)].map(sampleOf).filter((one) => one !== undefined);
}

function resultOf(run: RunDirectory, phase: string) {
  const name = `${phase}/soak.json`;
  return run.has(name) ? soakResult.safeParse(jsonOf(run.readText(name))).data : undefined;
}

type Clock = (sample: Sample) => number;
type Figure = (sample: Sample) => number | undefined;

/** Failed scrapes leave no point: no data is no zero. */
function points(samples: readonly Sample[], at: Clock, figure: Figure): Point[] {
  return samples.flatMap((one) => {
    const value = figure(one);
    return value === undefined ? [] : [[at(one), value] as const];
  });
}

/** A counter's growth since its first sample. */
function grown(samples: readonly Sample[], at: Clock, figure: Figure): Point[] {
  const read = points(samples, at, figure);
  return read.map(([x, value]) => [x, value - (read[0]?.[1] ?? value)]);
}

/**
 * The last sample is taken when the load has ended, some time after the one before: what was made until then is a rate of that time,
 * and one of next to no time is drawn with the one before it. Neither is a dip.
 * @param until when the load ended.
 */
function duringLoad(counts: readonly Point[], until: number): readonly Point[] {
  const loaded = counts.map(([x, y]) => [Math.min(x, until), y] as const);
  const [before, second, last] = loaded.slice(-3);
  if (before === undefined || second === undefined || last === undefined) return loaded;
  const isShort = last[0] - second[0] < (second[0] - before[0]) / 2;
  return isShort ? [...loaded.slice(0, -2), last] : loaded;
}

function rates(all: readonly Point[], until = Number.POSITIVE_INFINITY): Point[] {
  const counts = duringLoad(all, until);
  return counts.slice(1).flatMap(([x, y], index) => {
    const [beforeX, beforeY] = counts[index] ?? [x, y];
    return x > beforeX ? [[x, (y - beforeY) / (x - beforeX)] as const] : [];
  });
}

/** What the charts show of one soak. Times are seconds since its first sample. */
export type SoakSeries = ReturnType<typeof soakSeries>[number];

/** The soaks of a run that left samples, in their order. */
export function soakSeries(path: string) {
  const run = new RunDirectory(path);
  const soaks = (['audit', 'enforce'] as const)
    .filter((phase) => run.has(`${phase}/samples.ndjson`))
    .map((phase) => ({ phase, samples: readSamples(run.file(phase, 'samples.ndjson')) }));
  return soaks.flatMap(({ phase, samples }) => {
    const [first] = samples;
    const last = samples.at(-1);
    if (first === undefined || last === undefined) return [];
    // By the soak's own monotonic clock.
    const at: Clock = ({ elapsedMs }) => (elapsedMs - first.elapsedMs) / 1000;
    const decisions = grown(samples, at, (one) => one.decisions);
    const result = resultOf(run, phase);
    const until = result && result.measuredSeconds - first.elapsedMs / 1000;
    return {
      phase,
      end: at(last),
      samples: samples.length,
      /** Decisions a second, between one sample and the next. */
      rate: rates(decisions, until),
      /** Since the soak's first sample. */
      decisions,
      drops: grown(samples, at, ({ drops }) => drops),
      /** Resident memory of the agent, kB. */
      rss: points(samples, at, ({ rssKb }) => rssKb),
      /** What it locks, its BPF maps among it, KiB. */
      locked: points(samples, at, ({ lockedKb }) => lockedKb),
      /** Use of one core, in percent, between one sample and the next: a tick is a hundredth of a second. */
      cpu: rates(
        points(samples, at, ({ cpuTicks }) => cpuTicks),
        until,
      ),
      /** The system time of it. */
      cpuSystem: rates(
        points(samples, at, ({ cpuSystemTicks }) => cpuSystemTicks),
        until,
      ),
      descriptors: points(samples, at, ({ fileDescriptors }) => fileDescriptors),
      threads: points(samples, at, ({ threads }) => threads),
      childProcesses: points(samples, at, (one) => one.childProcesses),
      /** How long the workers' opens took between one sample and the next, in µs: half of them, and 99 of 100, at most this. */
      openP50Us: points(samples, at, ({ openLatencyUs }) => openLatencyUs?.p50),
      openP99Us: points(samples, at, ({ openLatencyUs }) => openLatencyUs?.p99),
      /** Settled memory, kB; absent when the soak left no result. */
      baselineKb: result?.rss.baselineKb,
      /** Why the soak ended before its time. */
      endedEarly: result?.endedEarly,
    };
  });
}
