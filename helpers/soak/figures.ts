import type { Figure, Figures, Measured } from '../settings/thresholds.ts';
import { counted } from '../text/counted.ts';
import type { Reading, ResourceLevel, SoakResult } from './result.ts';
import { type Trend, trendText } from './trend.ts';

/** A descriptor or two that are opened for good are no leak. */
const LEAST_RISE = 3;

type Soaked = Pick<
  SoakResult,
  'decisions' | 'drops' | 'rss' | 'resources' | 'idleCpuPercent' | 'written' | 'readyMs'
> & {
  readonly agent: { readonly pid: number };
};
type Resources = NonNullable<SoakResult['resources']>;
/** A figure, or why there is none. */
type Told = string | Omit<Extract<Measured, { known: true }>, 'known' | 'source'>;

/** The figures of a soak, while it runs and at its end. */
export function figuresOf(soak: Soaked): Figures {
  const { decisions, drops, rss, agent } = soak;
  return {
    decisions,
    drops,
    rssGrowthKb: whereRead(soak, 'memory', () => memoryGrowth(rss, agent.pid)),
    rssKb: whereRead(soak, 'memory', () => resident(rss, agent.pid)),
    cpuPercent: ofProcess(soak, 'cpu', (read) => cpuPercent(read, decisions)),
    cpuP95Percent: ofProcess(soak, 'cpu', cpuP95),
    idleCpuPercent: idleCpu(soak),
    decisionCpuMs: ofProcess(soak, 'cpu', (read) => decisionCpu(read, decisions)),
    writtenKbPerHour: whereRead(soak, 'written', () => written(soak)),
    filesKb: ofProcess(soak, 'files', filesKb),
    readyMs: ready(soak),
    descriptors: ofProcess(soak, 'descriptors', ({ descriptors }) =>
      highest(descriptors, 'open descriptors'),
    ),
    threads: ofProcess(soak, 'threads', ({ threads }) => highest(threads, 'threads')),
    childProcesses: ofProcess(soak, undefined, (read) =>
      highest(read.childProcesses, 'child processes'),
    ),
    lockedKb: ofProcess(soak, 'locked', lockedKb),
  };
}

/** Memory also grows while caches fill: a leak is more than that, and does not end. */
const LEAST_MEMORY_RISE_KB = 1024;
const LEAST_MEMORY_SHARE = 1 / 8;
const STILL_GROWING = 0.3;
/** Percent of one core: the same work takes more of a processor while others use its caches. */
const LEAST_CPU_RISE = 10;
const LEAST_CPU_SHARE = 1 / 4;
/** A line of the log now and then is no pace. */
const LEAST_PACE_RISE_KB = 1024;
/** One more rule, or line of its record, is no growth. */
const LEAST_FILES_RISE_KB = 64;

/** By how much a figure grows in an hour, where it surely does, and by so much at least in the soak. */
const growing = (trend: Trend | undefined, leastRise: number): number | undefined =>
  trend !== undefined && trend.lowPerHour > 0 && trend.rise >= leastRise
    ? trend.perHour
    : undefined;

/** Highest resident memory so far minus the settled baseline, with its trend where there is one. */
function memoryGrowth(rss: SoakResult['rss'], pid: number): Measured {
  const { baselineKb, maxKb, samples, trend, source = `/proc/${pid}` } = rss;
  if (baselineKb === undefined || maxKb === undefined || samples < 2) {
    const reason = `only ${samples} samples of the agent's resident memory were taken, at least 2 are needed; run longer than SAMPLE_SECONDS`;
    return { known: false, reason, source };
  }
  const value = maxKb - baselineKb;
  const told = trend === undefined ? '' : `; ${trendText(trend, 'KiB')}`;
  const words = `resident memory grew by ${value} KiB (settled ${baselineKb}, highest ${maxKb}${told})`;
  const least = Math.max(LEAST_MEMORY_RISE_KB, baselineKb * LEAST_MEMORY_SHARE);
  const { rise = 0, lateShare = 0 } = trend ?? {};
  const isAdvice = rise < least || lateShare < STILL_GROWING;
  return { known: true, value, source, words, growsPerHour: growing(trend, 0), isAdvice };
}

/** The most of it. Its trend is that of the growth. */
function resident({ maxKb, source }: SoakResult['rss'], pid: number): Measured {
  const from = source ?? `/proc/${pid}`;
  if (maxKb === undefined) {
    const reason = 'no sample of resident memory was taken; run longer than SAMPLE_SECONDS';
    return { known: false, reason, source: from };
  }
  const words = `the agent held at most ${maxKb} KiB of resident memory`;
  return { known: true, value: maxKb, source: from, words };
}

/** From which files of /proc/PID a figure is read, or from where else. */
const READ_FROM: Readonly<Record<Reading, string>> = {
  memory: 'smaps_rollup and status',
  cpu: 'stat',
  threads: 'stat',
  descriptors: 'fd',
  locked: 'status, fd and fdinfo',
  written: 'io',
  files: 'its data directory',
};

/** The figure, where each sample has it: the worst may have been in one that has not. @param what it is read as; undefined where it always can be. */
function whereRead(
  { resources, agent }: Soaked,
  what: Reading | undefined,
  measured: () => Measured,
): Measured {
  const unread = resources?.unread ?? 0;
  const missed = typeof unread === 'number' ? unread : what && unread[what];
  if (missed === undefined || missed === 0) return measured();
  const from = what === undefined ? '' : ` (${READ_FROM[what]})`;
  const reason = `${counted(missed, 'sample')} of the running agent ${missed === 1 ? 'lacks' : 'lack'} it, for it could not be read${from}, and the worst may have been there; find out what kept root from reading it, and run again`;
  return { known: false, reason, source: `/proc/${agent.pid}` };
}

/** What the readings of the process tell. */
function ofProcess(
  soak: Soaked,
  what: Reading | undefined,
  tell: (read: Resources) => Told,
): Measured {
  const { resources: read, agent } = soak;
  const source = `/proc/${agent.pid}`;
  const unknown = (reason: string): Measured => ({ known: false, reason, source });
  if (read === undefined) return unknown("the agent's process was not read during the soak");
  return whereRead(soak, what, () => {
    const told = tell(read);
    return typeof told === 'string' ? unknown(told) : { known: true, source, ...told };
  });
}

/** CPU time in seconds, user and system told apart where the run has both. */
function secondsText(total: number, system: number | undefined): string {
  const apart =
    system === undefined
      ? ''
      : `, user ${(total - system).toFixed(2)} s and system ${system.toFixed(2)} s,`;
  return `${total.toFixed(2)} s${apart}`;
}

/** Mean use of one core, as top(1) tells it. */
function cpuPercent(read: Resources, decisions: Figure): Told {
  const { cpuSeconds, cpuSystemSeconds, overSeconds, cpuTrend } = read;
  if (!cpuSeconds.known) return cpuSeconds.reason;
  const value = (100 * cpuSeconds.value) / overSeconds;
  const each =
    decisions.known && decisions.value > 0
      ? `; ${short((1e6 * cpuSeconds.value) / decisions.value)} ms for 1,000 decisions`
      : '';
  const words = `the agent used ${short(value)} % of one core (${secondsText(cpuSeconds.value, cpuSystemSeconds)} in ${overSeconds.toFixed(1)} s${each}${cpuTrend === undefined ? '' : `; ${trendText(cpuTrend, '%')}`})`;
  const least = Math.max(LEAST_CPU_RISE, value * LEAST_CPU_SHARE);
  const isAdvice = (cpuTrend?.rise ?? 0) < least || (cpuTrend?.lateShare ?? 0) < STILL_GROWING;
  return { value, words, growsPerHour: growing(cpuTrend, 0), isAdvice };
}

function cpuP95({ cpuSeconds, cpuP95: read }: Resources): Told {
  if (!cpuSeconds.known) return cpuSeconds.reason;
  if (read === undefined)
    return 'CPU time was never read twice half a second apart; run longer than SAMPLE_SECONDS';
  const words = `the agent used at most ${read.percent} % of one core in 95 of 100 samples (of ${read.of})`;
  return { value: read.percent, words };
}

/** Maps whose entries the kernel allocates as they come grow while they fill. */
const LEAST_LOCKED_RISE_KB = 1024;

function lockedKb({ locked, lockedMaps }: Resources): Told {
  if (locked === undefined || lockedMaps === undefined) return 'locked memory was not read';
  const { held, told, leftOutKb = 0 } = lockedMaps;
  if (held === 0)
    return `the agent holds no BPF map open (no bpf-map among /proc/PID/fd), so what its maps take is unknown, and VmLck alone (at most ${locked.highest} KiB) tells of none: add up bytes_memlock of its pinned maps (\`bpftool map show\`) yourself`;
  if (told < held)
    return `the kernel does not tell the size of ${held - told} of ${held} BPF maps that the agent holds (memlock in /proc/PID/fdinfo)`;
  const leftOut =
    leftOutKb === 0
      ? ''
      : `, without ${leftOutKb} KiB of per-CPU maps for processors beyond 20, which this host could have`;
  const of = `KiB of locked memory, VmLck and memlock of ${counted(held, 'BPF map')} in fdinfo${leftOut}`;
  return highest(locked, of, 'KiB', LEAST_LOCKED_RISE_KB);
}

function filesKb({ files }: Resources): Told {
  if (files === undefined) return "the agent's own files were not read";
  return highest(files, 'KiB of files', 'KiB', LEAST_FILES_RISE_KB);
}

function decisionCpu({ cpuSeconds, cpuSystemSeconds }: Resources, decisions: Figure): Told {
  if (!cpuSeconds.known) return cpuSeconds.reason;
  if (!decisions.known) return decisions.reason;
  if (decisions.value === 0) return 'no decision was made during the soak';
  const value = (1e6 * cpuSeconds.value) / decisions.value;
  const words = `1,000 decisions took ${short(value)} ms of the agent's CPU time (${secondsText(cpuSeconds.value, cpuSystemSeconds)} for ${decisions.value})`;
  return { value, words };
}

function idleCpu({ idleCpuPercent: value, agent }: Soaked): Measured {
  const source = `/proc/${agent.pid}/task/*/schedstat`;
  if (value === undefined)
    return { known: false, reason: "the idle agent's CPU time could not be read", source };
  const words = `the idle agent used ${short(value)} % of one core, as far as it need not wait for one`;
  return { known: true, value, source, words };
}

const SECONDS_PER_HOUR = 3600;
/** What is written once, as files are, shows no pace in a shorter soak. */
const LEAST_PACE_SECONDS = 20;

function written({ written: read, agent, resources }: Soaked): Measured {
  const source = `standard error and /proc/${agent.pid}/io`;
  if (read === undefined || read.seconds <= 0)
    return { known: false, reason: 'what the agent writes could not be read', source };
  const trend = resources?.writtenTrend;
  const kb = read.bytes / 1024;
  const seconds = Math.max(read.seconds, LEAST_PACE_SECONDS);
  const value = Math.round((kb * SECONDS_PER_HOUR) / seconds);
  const words = `the agent logged and wrote ${kb.toFixed(1)} KiB in ${read.seconds.toFixed(1)} s, ${value} KiB an hour${trend === undefined ? '' : ` (${trendText(trend, 'KiB/h')})`}`;
  const growsPerHour = growing(trend, LEAST_PACE_RISE_KB);
  return { known: true, value, source, words, growsPerHour };
}

function ready({ readyMs: value, agent }: Soaked): Measured {
  const source = `pid ${agent.pid}`;
  if (value === undefined)
    return { known: false, reason: 'nobody knows when the agent was ready', source };
  return { known: true, value, source, words: `the agent was ready after ${value} ms` };
}

/** Three digits, and no power of ten: 1.75e+4 is hard to read. */
const short = (value: number) => (value < 1000 ? value.toPrecision(3) : String(Math.round(value)));

/** The highest of a figure that goes up and down, with its trend. */
function highest(
  { highest: value, trend }: ResourceLevel,
  what: string,
  unit = what,
  leastRise = LEAST_RISE,
): Told {
  if (value === undefined) return 'no sample of it was taken; run longer than SAMPLE_SECONDS';
  const words = `the agent had at most ${value} ${what} (${trendText(trend, unit)})`;
  return { value, words, growsPerHour: growing(trend, leastRise) };
}
