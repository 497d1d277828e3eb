import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { RunDirectory } from '../../helpers/evidence/run-directory.ts';
import { jsonOf } from '../../helpers/files/ndjson.ts';
import { soakResult } from '../../helpers/soak/result.ts';
import { type Sample, sampleOf } from '../../helpers/soak/sample.ts';
import type { Point } from './downsample.ts';

const CHUNK_BYTES = 1024 * 1024;

/** What the charts show of one soak. Times are seconds since the run's first sample. */
export interface SoakSeries {
  readonly phase: 'audit' | 'enforce';
  readonly begin: number;
  readonly end: number;
  readonly samples: number;
  /** Decisions a second, between one sample and the next. */
  readonly rate: readonly Point[];
  /** Since the soak's first sample. */
  readonly decisions: readonly Point[];
  readonly drops: readonly Point[];
  /** Resident memory of the agent, kB. */
  readonly rss: readonly Point[];
  /** How long the workers' opens took between one sample and the next, in µs: half of them, and 99 of 100, at most this. */
  readonly openP50Us: readonly Point[];
  readonly openP99Us: readonly Point[];
  /** Settled memory, kB; absent when the soak left no result. */
  readonly baselineKb: number | undefined;
  /** Why the soak ended before its time. */
  readonly endedEarly: string | undefined;
}

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

/** A counter's growth since its first sample. Failed scrapes leave no point: no data is no zero. */
function grown(samples: readonly Sample[], name: 'decisions' | 'drops', at: Clock): Point[] {
  const first = samples.find((one) => one[name] !== undefined)?.[name];
  return samples.flatMap((one) => {
    const value = one[name];
    return value === undefined || first === undefined ? [] : [[at(one), value - first] as const];
  });
}

type Clock = (sample: Sample) => number;

function rates(decisions: readonly Point[]): Point[] {
  return decisions.slice(1).flatMap(([x, y], index) => {
    const [beforeX, beforeY] = decisions[index] ?? [x, y];
    return x > beforeX ? [[x, (y - beforeY) / (x - beforeX)] as const] : [];
  });
}

function latencies(samples: readonly Sample[], share: 'p50' | 'p99', at: Clock): Point[] {
  return samples.flatMap((one) =>
    one.openLatencyUs === undefined ? [] : [[at(one), one.openLatencyUs[share]] as const],
  );
}

/** The soaks of a run that left samples, in their order. */
export function soakSeries(path: string): SoakSeries[] {
  const run = new RunDirectory(path);
  const soaks = (['audit', 'enforce'] as const)
    .filter((phase) => run.has(`${phase}/samples.ndjson`))
    .map((phase) => ({ phase, samples: readSamples(run.file(phase, 'samples.ndjson')) }));
  const startMs = Date.parse(soaks.find(({ samples }) => samples.length > 0)?.samples[0]?.at ?? '');
  return soaks.flatMap(({ phase, samples }) => {
    const [first] = samples;
    const last = samples.at(-1);
    if (first === undefined || last === undefined) return [];
    // Within a soak by its monotonic clock; between soaks only the wall clock knows.
    const begin = (Date.parse(first.at) - startMs - first.elapsedMs) / 1000;
    const at: Clock = ({ elapsedMs }) => begin + elapsedMs / 1000;
    const decisions = grown(samples, 'decisions', at);
    const result = resultOf(run, phase);
    return {
      phase,
      begin: at(first),
      end: at(last),
      samples: samples.length,
      rate: rates(decisions),
      decisions,
      drops: grown(samples, 'drops', at),
      rss: samples.flatMap((one) =>
        one.rssKb === undefined ? [] : [[at(one), one.rssKb] as const],
      ),
      openP50Us: latencies(samples, 'p50', at),
      openP99Us: latencies(samples, 'p99', at),
      baselineKb: result?.rss.baselineKb,
      endedEarly: result?.endedEarly,
    };
  });
}
