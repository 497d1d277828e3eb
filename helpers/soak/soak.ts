import type { Candidate } from '../agent/command.ts';
import type { ReadyDaemon } from '../agent/daemon.ts';
import { type Scrape, scrapeCommand } from '../agent/scrape.ts';
import type { FileDecisions } from '../agent/stream/event-log.ts';
import { type OwnFile, touchedFiles } from '../changes/own-file.ts';
import type { RunDirectory } from '../evidence/run-directory.ts';
import type { Settings } from '../settings/settings.ts';
import type { Figure } from '../thresholds/thresholds.ts';
import type { WorkloadCounts } from '../workload/attempt-counts.ts';
import { type Clocks, clockProblem, elapsedBetween, readClocks } from '../workload/clocks.ts';
import { breachOf, decisionBreach } from './breach.ts';
import { DECISION_FAMILIES, DROP_FAMILIES, familyTotal } from './counters.ts';
import { Loads } from './loads.ts';
import { readEveryWay } from './readings.ts';
import type { ReadingCheck, SoakResult } from './result.ts';
import { Sampler } from './sampler.ts';
import { settledMemory } from './settled-memory.ts';
import type { SideSubject } from './side-work.ts';
import { memoryGrowth } from './thresholds.ts';
import { toResult } from './to-result.ts';

/** What a soak works on. */
export interface SoakSubject {
  readonly candidate: Candidate;
  readonly daemon: ReadyDaemon;
  readonly target: OwnFile;
  readonly decisions: FileDecisions;
  /** Work beside the opens of the target. */
  readonly side: readonly SideSubject[];
  readonly settings: Settings;
  readonly run: RunDirectory;
}

/** How long the last event lines may take after the last attempt. */
const FLUSH_MS = 5000;
/** After an early end nothing depends on the last lines any more, and somebody waits for the verdict. */
const EARLY_FLUSH_MS = 300;

/** In this time every worker has reported what it met (worker.ts). */
const WORKERS_HEARD_MS = 500;

/** How often the clocks are compared. */
const CLOCK_MS = 1000;

/** All that was measured, before it is judged. */
export interface Measured {
  readonly begun: Clocks;
  readonly ended: Clocks;
  readonly endedEarly: string | undefined;
  readonly counts: WorkloadCounts;
  readonly loads: Loads;
  readonly sampler: Sampler;
  readonly before: Scrape;
  readonly after: Scrape;
  readonly readings: readonly ReadingCheck[];
  /** Event lines during the soak, all and those of our own processes. */
  readonly lines: { readonly all: number; readonly own: number; readonly atEdges: number };
  readonly baselineKb: number | undefined;
}

async function keptScrape(subject: SoakSubject, name: string): Promise<Scrape> {
  const keep = (bytes: Uint8Array) =>
    subject.run.writeText(`${subject.daemon.mode}/${name}`, bytes);
  return scrapeCommand(subject.candidate, keep);
}

/** A scrape, and the event lines on the target when it was taken. */
interface CountedScrape {
  readonly scrape: Scrape;
  readonly all: number;
  readonly own: number;
  /** Lines of others that came while it was taken. */
  readonly meanwhile: number;
}

async function countedScrape(subject: SoakSubject, name: string): Promise<CountedScrape> {
  const { decisions } = subject;
  const others = () => decisions.lines - decisions.ownLines;
  const since = others();
  const scrape = await keptScrape(subject, name);
  const { lines: all, ownLines: own } = decisions;
  return { scrape, all, own, meanwhile: others() - since };
}

/** Lines between two scrapes, and how many of others may be on either side of one of them. */
function linesBetween(begin: CountedScrape, last: CountedScrape): Measured['lines'] {
  const all = last.all - begin.all;
  const own = last.own - begin.own;
  // A line may be under way at either end; where nobody else opens the file there is none.
  return { all, own, atEdges: all === own ? 0 : begin.meanwhile + last.meanwhile + 2 };
}

/** Watches for what can no longer pass. */
function breachWatch(
  subject: SoakSubject,
  loads: Loads,
  sampler: Sampler,
  start: { readonly scrape: Scrape; readonly clocks: Clocks; readonly rssKb: number | undefined },
): (elapsedMs: number) => string | undefined {
  const { daemon, settings } = subject;
  const total = (families: readonly string[]) =>
    start.scrape.ok ? familyTotal(start.scrape.metrics, families) : undefined;
  const since = (
    now: number | undefined,
    then: number | undefined,
    families: readonly string[],
  ): Figure => {
    const source = families.join(' + ');
    return now === undefined || then === undefined
      ? { known: false, reason: 'it was not read yet', source }
      : { known: true, value: now - then, source };
  };
  const before = { decisions: total(DECISION_FAMILIES), drops: total(DROP_FAMILIES) };
  let lookedAt = 0;
  const clocks = (elapsedMs: number) => {
    if (elapsedMs - lookedAt < CLOCK_MS) return undefined;
    lookedAt = elapsedMs;
    return clockProblem(elapsedBetween(start.clocks, readClocks()));
  };
  let brokenAt: number | undefined;
  return (elapsedMs) => {
    const decided = {
      mode: daemon.mode,
      counts: loads.main.counts(),
      side: [
        { operation: 'ordinary program', counts: loads.victims.counts() },
        ...loads.side.map((work) => ({ operation: work.subject.attempt, counts: work.counts })),
      ],
    };
    if (decisionBreach(decided) !== undefined) brokenAt ??= elapsedMs;
    // What one cause lets through by other ways is named with it: each worker is heard once more.
    if (brokenAt !== undefined && elapsedMs - brokenAt < WORKERS_HEARD_MS) return undefined;
    return breachOf(
      {
        ...decided,
        elapsedSeconds: elapsedMs / 1000,
        workerDied: loads.workerDied,
        otherInstance: sampler.otherInstance,
        figures: {
          drops: since(sampler.totals?.drops, before.drops, DROP_FAMILIES),
          decisions: since(sampler.totals?.decisions, before.decisions, DECISION_FAMILIES),
          rssGrowthKb: memoryGrowth(
            { ...sampler.rss, baselineKb: start.rssKb },
            daemon.identity.pid,
          ),
        },
        countersDecreased: sampler.scrapes.decreased,
        clockProblem: clocks(elapsedMs),
        touchedFile: touchedFiles()[0],
        states: daemon.events.stateChanges.map(
          ({ state, reason_code }) => `${state}/${reason_code}`,
        ),
        errors: daemon.log.errorCount,
        starts: daemon.log.starts,
      },
      settings,
    );
  };
}

async function measure(subject: SoakSubject): Promise<Measured> {
  const { daemon, settings, decisions, run } = subject;
  const baselineKb = await settledMemory(daemon, settings.SETTLE_SECONDS);
  const begin = await countedScrape(subject, 'metrics-before.prom');
  const before = begin.scrape;
  const loads = new Loads(subject);
  try {
    const sampler = new Sampler(subject, loads.main);
    await sampler.prepare();
    await loads.up();
    const begun = readClocks();
    loads.begin();
    const watch = breachWatch(subject, loads, sampler, {
      scrape: before,
      clocks: begun,
      rssKb: baselineKb,
    });
    const endedEarly = await sampler.runFor(settings.DURATION_SECONDS * 1000, (elapsed) =>
      settings.SOAK_RUN_ON ? undefined : watch(elapsed),
    );
    const ended = readClocks();
    if (endedEarly !== undefined) run.log(`${daemon.mode} soak ends early: ${endedEarly}`);
    const counts = await loads.stop();
    await sampler.finish();
    const expected = begin.own + counts.attempts + loads.victims.counts().attempts;
    const patienceMs = endedEarly === undefined ? FLUSH_MS : EARLY_FLUSH_MS;
    await flushed(subject, loads, expected, patienceMs);
    const scrape = () => countedScrape(subject, 'metrics-after.prom');
    // After an early end somebody waits for the verdict, and what ended it is the finding.
    const { last, readings } =
      endedEarly === undefined
        ? await readEveryWay(subject, scrape)
        : { last: await scrape(), readings: [] };
    run.log(`${daemon.mode} soak: ${counts.attempts} attempts, ${decisions.lines} event lines`);
    const lines = linesBetween(begin, last);
    return {
      ...{ begun, ended, endedEarly, counts, loads, sampler },
      ...{ before, after: last.scrape, readings, lines, baselineKb },
    };
  } finally {
    loads.kill();
  }
}

/** Waits until the event lines of all attempts are there, or no more come. */
async function flushed(
  subject: SoakSubject,
  loads: Loads,
  expected: number,
  patienceMs: number,
): Promise<void> {
  await subject.daemon.events.until(
    () =>
      subject.decisions.ownLines >= expected &&
      loads.side.every((work) => work.lines >= work.counts.attempts),
    patienceMs,
  );
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
