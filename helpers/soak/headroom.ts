import { scrapeRunning } from '../agent/scrape.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { pause } from '../criteria/step-signal.ts';
import { headroomRates } from '../settings/headroom-rates.ts';
import type { Workload } from '../workload/workload.ts';
import { DECISION_FAMILIES, DROP_FAMILIES, scrapeDelta } from './counters.ts';
import { workloadOf } from './loads.ts';
import type { SoakSubject } from './subject.ts';

/** One step of the probe: a rate that was held for a while, and what it did. */
type HeadroomStep = Exclude<Awaited<ReturnType<typeof step>>, string>;

/** A step whose pace was kept to less than this share shows the host's limit, not the agent's. */
const KEPT_SHARE = 0.9;
const FLUSH_MS = 10_000;

/** Holds one rate for a step. @returns the step, or in words why it shows nothing. */
async function step(subject: SoakSubject, workload: Workload, askedRate: number) {
  const look = async () => {
    const taken = await scrapeRunning(subject.candidate, subject.daemon.metricsAddress);
    return { taken, attempts: await workload.countsNow(), at: performance.now() };
  };
  workload.pace(askedRate);
  const begin = await look();
  await pause(subject.settings.HEADROOM_STEP_SECONDS * 1000);
  const end = await look();
  if (!subject.daemon.isRunning()) return `the agent died at ${askedRate} opens/s`;
  const seconds = (end.at - begin.at) / 1000;
  const scrapes = { before: begin.taken, after: end.taken };
  const decisions = scrapeDelta(scrapes, DECISION_FAMILIES);
  const drops = scrapeDelta(scrapes, DROP_FAMILIES);
  if (!decisions.known) return decisions.reason;
  if (!drops.known) return drops.reason;
  return {
    askedRate,
    // Opens made, and decisions counted by the agent.
    attemptsPerSecond: (end.attempts.attempts - begin.attempts.attempts) / seconds,
    decisionsPerSecond: decisions.value / seconds,
    drops: drops.value,
    // Attempts that the host was too slow to make, and opens of the denied file that went through.
    skipped: end.attempts.skipped - begin.attempts.skipped,
    allowed: end.attempts.allowed - begin.attempts.allowed,
  };
}

/**
 * Steps the rate of opens up until the agent drops events, the host can make no more, or
 * HEADROOM_MAX_RATE is reached. Each step is a line of `MODE/headroom.ndjson`. Runs after the soak,
 * so that its drops are none of the soak's.
 */
export async function probeHeadroom(subject: SoakSubject): Promise<Judgement> {
  const { settings, daemon, decisions, run } = subject;
  const file = `${daemon.mode}/headroom.ndjson`;
  const { WORKERS: workers, HEADROOM_MAX_RATE } = settings;
  const rates = headroomRates(settings);
  const [first = 0] = rates;
  const options = { name: 'headroom', workers, rate: first };
  const workload = workloadOf(subject, options, decisions);
  const steps: HeadroomStep[] = [];
  const { lines } = decisions;
  let ended = `HEADROOM_MAX_RATE=${HEADROOM_MAX_RATE} was reached`;
  try {
    await workload.start();
    for (const rate of rates) {
      const held = await step(subject, workload, rate);
      if (typeof held === 'string') return inconclusive(held, { source: file });
      steps.push(held);
      run.appendLine(file, held);
      if (held.allowed > 0)
        return fail(
          `at ${rate} opens/s ${held.allowed} opens of the denied file went through while the agent enforced`,
          { value: held.allowed, limit: 0, unit: 'missed denials', source: file },
        );
      if (held.drops > 0) ended = `at ${rate} opens/s it dropped ${held.drops} events`;
      else if (held.attemptsPerSecond < KEPT_SHARE * rate)
        ended = `at ${rate} opens/s the host made only ${held.attemptsPerSecond.toFixed(0)}`;
      else continue;
      break;
    }
    const counts = await workload.stop();
    await daemon.events.until(() => decisions.lines >= lines + counts.attempts, FLUSH_MS);
  } finally {
    workload.kill();
  }
  return judgeHeadroom(steps, ended, file);
}

/** The highest rate of decisions without a drop; a number, not a limit. */
function judgeHeadroom(steps: readonly HeadroomStep[], ended: string, source: string): Judgement {
  const clean = steps.filter(({ drops }) => drops === 0);
  const best = Math.max(0, ...clean.map(({ decisionsPerSecond }) => decisionsPerSecond));
  const value = Math.round(best);
  const curve = steps
    .map(({ decisionsPerSecond, drops }) => `${decisionsPerSecond.toFixed(0)}/s ${drops} drops`)
    .join(', ');
  const measurement = { value, unit: 'decisions/s without a drop', source };
  return value === 0
    ? inconclusive(`no step was without drops: ${curve}; ${ended}`, measurement)
    : pass(`${value} decisions/s without a drop; ${ended}. Steps: ${curve}`, measurement);
}
