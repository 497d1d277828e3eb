import { z } from 'zod';
import { costResult, RATIOS_FILE } from '../../cost/result.ts';
import type { CriterionRecord } from '../../evidence/run-directory.ts';
import type { RunRecord } from '../../evidence/run-record.ts';
import { jsonOf } from '../../files/ndjson.ts';
import { type SoakResult, soakResult } from '../../soak/result.ts';

/** What a finished run, or this one, says of itself. */
export interface RunEvidence {
  readonly run: RunRecord;
  readonly records: ReadonlyMap<string, CriterionRecord>;
  /** Text of a file of its directory; undefined where there is none. */
  readonly text: (name: string) => string | undefined;
}

/** One figure of a run. */
export interface RunFigure {
  readonly name: string;
  readonly unit: string;
  readonly better: 'less' | 'more';
  /** What is less counts as this: twice of next to nothing is no difference. */
  readonly floor: number;
  readonly value: number;
  /** Half its interval, in logarithms; a figure that was read once has none. */
  readonly half?: number;
}

type Definition = Omit<RunFigure, 'value' | 'half'>;

const less = (name: string, unit: string, floor: number): Definition => ({
  ...{ name, unit, floor, better: 'less' },
});
const more = (name: string, unit: string, floor: number): Definition => ({
  ...{ name, unit, floor, better: 'more' },
});

type OfSoak = Definition & { readonly of: (soak: SoakResult) => number | undefined };

const known = (figure: SoakResult['decisions'] | undefined) =>
  figure?.known === true ? figure.value : undefined;
const each = (figure: number | undefined, decisions: number | undefined, times: number) =>
  figure === undefined || !decisions ? undefined : (times * figure) / decisions;

const SECONDS_PER_HOUR = 3600;

/** What a soak measures in a mode. */
const OF_SOAK: readonly OfSoak[] = [
  {
    ...more('decisions', 'a second', 1),
    of: ({ decisions, measuredSeconds }) => each(known(decisions), measuredSeconds, 1),
  },
  {
    ...less('drops', 'of 1,000 decisions', 0.1),
    of: ({ drops, decisions }) => each(known(drops), known(decisions), 1000),
  },
  { ...less('an open, p50', 'µs', 1), of: ({ openLatencyUs }) => openLatencyUs?.p50 },
  { ...less('an open, p99', 'µs', 1), of: ({ openLatencyUs }) => openLatencyUs?.p99 },
  {
    ...less('CPU', '% of one core', 1),
    of: ({ resources }) => each(known(resources?.cpuSeconds), resources?.overSeconds, 100),
  },
  {
    ...less('CPU in 95 of 100 samples', '% of one core', 5),
    of: ({ resources }) => resources?.cpuP95?.percent,
  },
  {
    ...less('CPU of 1,000 decisions', 'ms', 1),
    of: ({ resources, decisions }) =>
      each(known(resources?.cpuSeconds), known(decisions), 1_000_000),
  },
  { ...less('idle CPU', '% of one core', 1), of: ({ idleCpuPercent }) => idleCpuPercent },
  { ...less('resident memory', 'kB', 1024), of: ({ rss }) => rss.maxKb },
  { ...less('locked memory', 'KiB', 1024), of: ({ resources }) => resources?.locked?.highest },
  {
    ...less('open descriptors', 'at most', 16),
    of: ({ resources }) => resources?.descriptors.highest,
  },
  { ...less('its own files', 'KiB', 64), of: ({ resources }) => resources?.files?.highest },
  {
    ...less('logged and written to disk', 'KiB an hour', 1024),
    of: ({ written }) => each(written?.bytes, written?.seconds, SECONDS_PER_HOUR / 1024),
  },
  { ...less('threads', 'at most', 4), of: ({ resources }) => resources?.threads.highest },
];

/** What criteria measured, by their ids. */
const OF_CRITERIA: Readonly<Record<string, Definition>> = {
  'audit.ready': less('audit: time to ready', 'ms', 1000),
  'enforce.ready': less('enforce: time to ready', 'ms', 1000),
  'enforce.restart': less('gap of an orderly restart', 'ms', 100),
  'enforce.crash': less('gap after a crash', 'ms', 100),
  'rollback.apply-pause': less('pause while a policy is applied', 'ms', 100),
  'enforce.headroom': more('headroom', 'decisions a second', 1),
};

const agentExit = z.object({ stopMs: z.number().optional() });

function document<T>({ text }: RunEvidence, name: string, shape: z.ZodType<T>): T | undefined {
  const json = text(name);
  return json === undefined ? undefined : shape.safeParse(jsonOf(json)).data;
}

function soakFigures(evidence: RunEvidence, mode: 'audit' | 'enforce'): RunFigure[] {
  const soak = document(evidence, `${mode}/soak.json`, soakResult);
  if (soak === undefined) return [];
  return OF_SOAK.flatMap(({ of, ...what }) => {
    const value = of(soak);
    return value === undefined ? [] : [{ ...what, name: `${mode}: ${what.name}`, value }];
  });
}

/** From SIGINT to the end of the agent behind a soak. */
function stopFigure(evidence: RunEvidence, mode: 'audit' | 'enforce'): RunFigure[] {
  const value = document(evidence, `${mode}/agent-exit.json`, agentExit)?.stopMs;
  return value === undefined ? [] : [{ ...less(`${mode}: time to stop`, 'ms', 1000), value }];
}

function criteriaFigures({ records }: RunEvidence): RunFigure[] {
  return Object.entries(OF_CRITERIA).flatMap(([id, what]) => {
    const { verdict, value } = records.get(id) ?? {};
    // One that fails tells something else.
    return verdict === 'pass' && typeof value === 'number' ? [{ ...what, value }] : [];
  });
}

/** Of each piece of work what an agent promises, a p95. */
function costFigures(evidence: RunEvidence): RunFigure[] {
  const ratios = document(evidence, RATIOS_FILE, costResult)?.ratios ?? [];
  return ratios
    .filter(({ figure }) => figure === 'p95' || figure === 'wall time')
    .map(({ piece, mode, ratio, low, high }) => ({
      ...less(`cost of ${piece} in ${mode}`, 'with/without', 0),
      value: ratio,
      half: Math.log(high / low) / 2,
    }));
}

/** The size of what is loaded into the kernel, where it is known which object that is. */
function objectFigure({ run }: RunEvidence): RunFigure[] {
  const [object, ...others] = run.bpfObjects ?? [];
  return object?.bytes === undefined || others.length > 0
    ? []
    : [{ ...less('BPF object', 'bytes', 1), value: object.bytes }];
}

/** Every figure that a run has, by its name. */
export function figuresOf(evidence: RunEvidence): ReadonlyMap<string, RunFigure> {
  const all = [
    ...soakFigures(evidence, 'audit'),
    ...soakFigures(evidence, 'enforce'),
    ...stopFigure(evidence, 'audit'),
    ...stopFigure(evidence, 'enforce'),
    ...criteriaFigures(evidence),
    ...costFigures(evidence),
    ...objectFigure(evidence),
  ];
  return new Map(all.map((figure) => [figure.name, figure]));
}
