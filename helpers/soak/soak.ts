import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Candidate } from '../agent/command.ts';
import type { ReadyDaemon } from '../agent/daemon.ts';
import type { FileDecisions } from '../agent/event-log.ts';
import type { OwnFile } from '../agent/own-file.ts';
import { type Scrape, scrapeCommand } from '../agent/scrape.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import { processResources } from '../host/processes.ts';
import type { Settings } from '../settings/settings.ts';
import { DECISION_FAMILIES, DROP_FAMILIES, inodeDelta, scrapeDelta } from './counters.ts';
import type { SoakResult } from './result.ts';
import { Sampler } from './sampler.ts';
import { Workload, type WorkloadCounts } from './workload.ts';

/** What a soak works on. */
export interface SoakSubject {
  readonly candidate: Candidate;
  readonly daemon: ReadyDaemon;
  readonly target: OwnFile;
  readonly decisions: FileDecisions;
  readonly settings: Settings;
  readonly run: RunDirectory;
}

/** Signalled programs would need a process per attempt; a kill soak is paced for that. */
const MAX_PROGRAM_RATE = 20;
/** How long the last event lines may take after the last attempt. */
const FLUSH_MS = 5000;
const RSS_READINGS = 5;

const seconds = (ms: number) => ms / 1000;
/** CLOCK_BOOTTIME in seconds: goes on while the host sleeps (proc_uptime(5)). */
const bootSeconds = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

/**
 * Resident memory peaks while the BPF object is loaded (15.5 MB at 2 s, 7.5 MB settled,
 * agent-contract.md §6.9): the baseline is the median of readings after SETTLE_SECONDS.
 */
async function settledRss(daemon: ReadyDaemon, settleSeconds: number): Promise<number | undefined> {
  await sleep(settleSeconds * 1000);
  const readings: number[] = [];
  for (let index = 0; index < RSS_READINGS; index += 1) {
    const resources = processResources(daemon.identity.pid);
    if (resources !== undefined) readings.push(resources.rssKb);
    await sleep(100);
  }
  return readings.sort((a, b) => a - b)[Math.floor(readings.length / 2)];
}

async function keptScrape(subject: SoakSubject, name: string): Promise<Scrape> {
  const scrape = await scrapeCommand(subject.candidate, subject.settings.COMMAND_TIMEOUT_SECONDS);
  subject.run.writeText(`${subject.daemon.mode}/${name}`, scrape.text);
  return scrape;
}

function startWorkload({ settings, daemon, target, candidate, run }: SoakSubject): Workload {
  const program = daemon.mode === 'enforce' && settings.ENFORCE_SIGNAL === 'kill';
  return new Workload(
    {
      target: target.path,
      workers: settings.WORKERS,
      rate: program ? Math.min(settings.SOAK_RATE, MAX_PROGRAM_RATE) : settings.SOAK_RATE,
      attempt: program ? 'program' : 'open',
      environment: candidate.environment,
    },
    run,
    daemon.mode,
  );
}

interface Clocks {
  readonly wall: number;
  readonly monotonic: number;
  readonly boot: number;
}

const readClocks = (): Clocks => ({
  wall: Date.now(),
  monotonic: performance.now(),
  boot: bootSeconds(),
});

interface Measured {
  readonly begun: Clocks;
  readonly ended: Clocks;
  readonly endedEarly: string | undefined;
  readonly counts: WorkloadCounts;
  readonly sampler: Sampler;
  readonly pids: ReadonlySet<number>;
  readonly before: Scrape;
  readonly after: Scrape;
  readonly linesBefore: ReadonlyMap<number, number>;
  readonly baselineKb: number | undefined;
}

/** Waits until the event lines of all attempts are there, or no more come. */
async function flushed(subject: SoakSubject, expected: number): Promise<void> {
  await subject.daemon.events.until(() => subject.decisions.lines >= expected, FLUSH_MS);
}

async function measure(subject: SoakSubject): Promise<Measured> {
  const { daemon, settings, decisions, run } = subject;
  const baselineKb = await settledRss(daemon, settings.SETTLE_SECONDS);
  const before = await keptScrape(subject, 'metrics-before.prom');
  const linesBefore = new Map(decisions.byPid);
  const firstLine = decisions.lines;
  const workload = startWorkload(subject);
  try {
    const sampler = new Sampler(subject, workload, before);
    await sampler.prepare();
    await workload.start();
    const begun = readClocks();
    const endedEarly = await sampler.runFor(settings.DURATION_SECONDS * 1000);
    const ended = readClocks();
    const counts = await workload.stop();
    await sampler.finish();
    await flushed(subject, firstLine + counts.attempts + sampler.victims.run);
    const after = await keptScrape(subject, 'metrics-after.prom');
    run.log(`${daemon.mode} soak: ${counts.attempts} attempts, ${decisions.lines} event lines`);
    const pids = new Set([...workload.pids(), ...sampler.victims.pids]);
    return {
      begun,
      ended,
      endedEarly,
      counts,
      sampler,
      pids,
      before,
      after,
      linesBefore,
      baselineKb,
    };
  } finally {
    workload.kill();
  }
}

/** Event lines of the soak alone, ours and strangers', by whoever opened the file. */
function countLines(
  subject: SoakSubject,
  { pids, linesBefore }: Measured,
): { own: number; strangers: number } {
  let own = 0;
  let strangers = 0;
  for (const [pid, lines] of subject.decisions.byPid) {
    const during = lines - (linesBefore.get(pid) ?? 0);
    if (pids.has(pid)) own += during;
    else strangers += during;
  }
  return { own, strangers };
}

function toResult(subject: SoakSubject, measured: Measured): SoakResult {
  const { daemon, settings, target, decisions } = subject;
  const { begun, ended, sampler, before, after } = measured;
  const lines = countLines(subject, measured);
  const { pids: _pids, ...victims } = sampler.victims;
  return {
    mode: daemon.mode,
    enforceSignal: settings.ENFORCE_SIGNAL,
    startedAt: new Date(begun.wall).toISOString(),
    endedAt: new Date(ended.wall).toISOString(),
    askedSeconds: settings.DURATION_SECONDS,
    measuredSeconds: seconds(ended.monotonic - begun.monotonic),
    wallSeconds: seconds(ended.wall - begun.wall),
    bootSeconds: ended.boot - begun.boot,
    ...(measured.endedEarly === undefined ? {} : { endedEarly: measured.endedEarly }),
    attempts: measured.counts,
    askedRate: settings.SOAK_RATE,
    workers: settings.WORKERS,
    victims,
    decisions: scrapeDelta(before, after, DECISION_FAMILIES),
    drops: scrapeDelta(before, after, DROP_FAMILIES),
    ownDecisions: inodeDelta(before, after, target),
    ownEventLines: lines.own,
    strangerEventLines: lines.strangers,
    linesByAction: Object.fromEntries(decisions.byAction),
    hostDecisions: daemon.events.hostDecisions().reduce((sum, group) => sum + group.count, 0),
    rss: {
      ...sampler.rss,
      ...(measured.baselineKb === undefined ? {} : { baselineKb: measured.baselineKb }),
    },
    samples: sampler.scrapes,
    ...(sampler.telemetryDrops === undefined ? {} : { telemetryDrops: sampler.telemetryDrops }),
    agent: sampler.agent(),
    ...(sampler.otherInstance === undefined ? {} : { otherInstance: sampler.otherInstance }),
    stateChanges: daemon.events.stateChanges.map(
      ({ state, reason_code }) => `${state}/${reason_code}`,
    ),
    errors: daemon.log.errors.map(({ text }) => text),
    streamDefects: { ...daemon.events.defects, samples: [...daemon.events.defects.samples] },
  };
}

/**
 * Runs the soak in the daemon's own mode and writes `soak.json`; the thresholds are judged from that.
 * @throws JudgementError when the workload's own accounting is lost.
 */
export async function runSoak(subject: SoakSubject): Promise<SoakResult> {
  const result = toResult(subject, await measure(subject));
  subject.run.writeJson(`${subject.daemon.mode}/soak.json`, result);
  return result;
}
