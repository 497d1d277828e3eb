import { type Scrape, scrapeCommand } from '../agent/scrape.ts';
import type { Decisions } from '../agent/stream/watched-decisions.ts';
import { touchedFiles } from '../changes/own-file.ts';
import type { Figure } from '../settings/thresholds.ts';
import { type Clocks, clockProblem, elapsedBetween, readClocks } from '../workload/clocks.ts';
import { breachOf, decisionBreach } from './breach.ts';
import { othersIn } from './counter-checks.ts';
import { DECISION_FAMILIES, DROP_FAMILIES, familyTotal } from './counters.ts';
import { figuresOf } from './figures.ts';
import { Loads } from './loads.ts';
import type { Measured } from './measured.ts';
import { readEveryWay } from './readings.ts';
import type { SoakResult } from './result.ts';
import { Sampler } from './sampler.ts';
import { settled } from './settled.ts';
import type { SoakSubject } from './subject.ts';
import { reportedBy, toResult } from './to-result.ts';
import { writtenBy } from './written.ts';

/** How long the last event lines may take after the last attempt. */
const FLUSH_MS = 5000;
/** After an early end nothing depends on the last lines any more, and somebody waits for the verdict. */
const EARLY_FLUSH_MS = 300;

/** In this time every worker has reported what it met (worker.ts). */
const WORKERS_HEARD_MS = 500;

/** How often the clocks are compared. */
const CLOCK_MS = 1000;

const NO_LINES = { all: 0, own: 0, meanwhile: 0 };

/** A scrape, and the event lines on each thing of ours when it was taken. */
async function countedScrape(subject: SoakSubject, name: string) {
  const { candidate, daemon, decisions, run } = subject;
  const watched = [decisions, ...subject.side.map((side) => side.decisions)];
  const since = watched.map(othersOn);
  const keep = (bytes: Uint8Array) => run.writeText(`${daemon.mode}/${name}`, bytes);
  const scrape = await scrapeCommand(candidate, keep);
  const [main, ...side] = watched.map((one, at) => ({
    ...{ all: one.lines, own: one.ownLines },
    // Lines of others that came while it was taken.
    meanwhile: othersOn(one) - (since[at] ?? 0),
  }));
  return { scrape, main: main ?? NO_LINES, side };
}

const othersOn = ({ lines, ownLines }: Decisions) => lines - ownLines;

/** Lines between two scrapes, all and our own, and how many of others may be on either side of one of them. */
function linesBetween(begin: typeof NO_LINES, last: typeof NO_LINES) {
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
  start: {
    readonly before: Scrape;
    readonly begun: Clocks;
    readonly baselineKb: number | undefined;
  },
): (elapsedMs: number) => string | undefined {
  const { daemon, settings } = subject;
  const { before: first, begun, baselineKb } = start;
  const total = (families: readonly string[]) =>
    first.ok ? familyTotal(first.metrics, families) : undefined;
  const before = { decisions: total(DECISION_FAMILIES), drops: total(DROP_FAMILIES) };
  const since = (figure: keyof typeof before, families: readonly string[]): Figure => {
    const [now, then, source] = [sampler.totals?.[figure], before[figure], families.join(' + ')];
    return now === undefined || then === undefined
      ? { known: false, reason: 'it was not read yet', source }
      : { known: true, value: now - then, source };
  };
  let lookedAt = 0;
  const clocks = (elapsedMs: number) => {
    if (elapsedMs - lookedAt < CLOCK_MS) return undefined;
    lookedAt = elapsedMs;
    return clockProblem(elapsedBetween(begun, readClocks()));
  };
  let brokenAt: number | undefined;
  return (elapsedMs) => {
    const decided = {
      mode: daemon.mode,
      counts: loads.main.counts(),
      side: [
        { operation: 'ordinary program', counts: loads.victims.counts() },
        ...loads.side.flatMap(({ byRoute }) =>
          byRoute.map((counts) => ({ operation: counts.name, counts: { ...counts, signals: 0 } })),
        ),
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
        figures: figuresOf({
          drops: since('drops', DROP_FAMILIES),
          decisions: since('decisions', DECISION_FAMILIES),
          rss: { ...sampler.resources.rss, baselineKb },
          resources: sampler.resources.soFar(),
          agent: daemon.identity,
        }),
        countersDecreased: sampler.scrapes.decreased,
        clockProblem: clocks(elapsedMs),
        touchedFile: touchedFiles()[0],
        states: reportedBy(daemon).stateChanges,
        errors: daemon.log.errorCount,
        starts: daemon.log.starts,
      },
      settings,
    );
  };
}

function grown(before: number | undefined, after: number | undefined, ms: number) {
  if (before === undefined || after === undefined) return undefined;
  return { bytes: after - before, seconds: ms / 1000 };
}

async function measure(subject: SoakSubject): Promise<Measured> {
  const { daemon, settings, decisions, run } = subject;
  const strangersBefore = othersIn(daemon.events.hostDecisions());
  const [rested, begin] = await Promise.all([
    settled(daemon, settings.SETTLE_SECONDS),
    countedScrape(subject, 'metrics-before.prom'),
  ]);
  const before = begin.scrape;
  const loads = new Loads(subject);
  try {
    const sampler = new Sampler(subject, loads.main);
    await sampler.prepare();
    await loads.up();
    const begun = readClocks();
    loads.begin();
    subject.begins();
    const { baselineKb } = rested;
    const [writtenBefore, at] = [writtenBy(daemon), performance.now()];
    const watch = breachWatch(subject, loads, sampler, { before, begun, baselineKb });
    const endedEarly = await sampler.runFor(settings.DURATION_SECONDS * 1000, (elapsed) =>
      settings.SOAK_RUN_ON ? undefined : watch(elapsed),
    );
    const ended = readClocks();
    const written = grown(writtenBefore, writtenBy(daemon), performance.now() - at);
    if (endedEarly !== undefined) run.log(`${daemon.mode} soak ends early: ${endedEarly}`);
    const counts = await loads.stop();
    await sampler.finish();
    const expected = begin.main.own + counts.attempts + loads.victims.counts().attempts;
    // Until the event lines of all attempts are there, or no more come.
    await daemon.events.until(
      () =>
        decisions.ownLines >= expected &&
        loads.side.every((work) => work.ownLines >= work.counts.attempts),
      endedEarly === undefined ? FLUSH_MS : EARLY_FLUSH_MS,
    );
    const scrape = () => countedScrape(subject, 'metrics-after.prom');
    // After an early end somebody waits for the verdict, and what ended it is the finding.
    const { last, readings } =
      endedEarly === undefined
        ? await readEveryWay(subject, scrape)
        : { last: await scrape(), readings: [] };
    run.log(`${daemon.mode} soak: ${counts.attempts} attempts, ${decisions.lines} event lines`);
    const lines = linesBetween(begin.main, last.main);
    const sideLines = last.side.map((one, at) => linesBetween(begin.side[at] ?? NO_LINES, one));
    return {
      ...{ begun, ended, endedEarly, counts, loads, sampler },
      ...{ before, after: last.scrape, readings, lines, sideLines, strangersBefore },
      ...{ settled: rested, written },
    };
  } finally {
    loads.kill();
  }
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
