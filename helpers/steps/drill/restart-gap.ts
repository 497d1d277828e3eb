import type { EnforceSignal } from '../../agent/daemon-options.ts';
import { fail, inconclusive, type Judgement, pass, worst } from '../../criteria/judgement.ts';
import { pause } from '../../criteria/step-signal.ts';
import type { Figure } from '../../settings/thresholds.ts';
import { judgeFirstDecision } from '../phases/first-decision.ts';
import {
  deniedOpens,
  type EnforcementWatch,
  openRate,
  singleGap,
  type WatchReport,
  wrongSignals,
} from './enforcement-watch.ts';

/** How a life of the agent ends. */
export type Ending = 'in order' | 'by SIGKILL';

/** The agent is ready once its hooks are attached: the next open must be denied, on a slow host too. */
export const READY_MEANS_ENFORCING_MS = 5000;

/** In which a process that runs makes some opens. */
const NEXT_OPENS_MS = 500;

/** Opens under way when a life ends. */
const IN_FLIGHT = 1;
/** Of other programs one may be under way at the end of each life. */
const STRANGERS_IN_FLIGHT = 2;

/**
 * Waits until opens go through after the agent's end. It is blamed only for an open that was made after the deadline
 * and denied: what our process did not try shows nothing.
 */
export async function stillDenied(
  watch: Pick<EnforcementWatch, 'until' | 'outcome' | 'deniedSoFar'>,
  timeoutMs = READY_MEANS_ENFORCING_MS,
): Promise<Judgement | undefined> {
  if (await watch.until('allowed', timeoutMs)) return undefined;
  const before = await watch.deniedSoFar();
  await pause(NEXT_OPENS_MS);
  const after = await watch.deniedSoFar();
  const measured = { value: watch.outcome ?? 'no open', limit: 'allowed', source: 'watch process' };
  // 0 is no answer: it was denied before the agent ended.
  return before > 0 && after > before && watch.outcome === 'denied'
    ? fail(
        'without an agent the file is still denied: enforcement goes on with nobody to report it (pinned links?)',
        measured,
      )
    : inconclusive(
        `after the agent's end no open went through for ${timeoutMs / 1000} s, and our process made none then that was denied, so nothing shows whether enforcement goes on. See what stopped or starved processes on this host (a paused VM, too few CPUs?), and run again`,
        measured,
      );
}

/** What was measured of a restart. */
export interface Restart {
  readonly report: WatchReport;
  readonly ending: Ending;
  readonly enforceSignal: EnforceSignal;
  /** Whether opens were denied in time after the second life said that it was ready. */
  readonly isBack: boolean;
  readonly readyMs: number | undefined;
  readonly enforcingAgainMs: number;
  /** Decisions on the file, over both lives. */
  readonly counted: Figure;
  /** Event lines on the file in both lives, by processes that are not ours. */
  readonly strangers: number;
  /** What the event lines of both lives tell. */
  readonly told: Judgement;
  /** How long enforcement may be gone. */
  readonly mostMs: number;
  /** How many of our opens may go through meanwhile. */
  readonly mostOpens: number;
  readonly source: string;
}

/**
 * A restart in every regard: what is proven against the agent goes before what this host hid.
 * @param listed what is wrong with the list of rules, if anything.
 */
export function judgeRestart(restart: Restart, listed?: Judgement): Judgement {
  const { report, ending, readyMs, told } = restart;
  const gap =
    (restart.isBack ? undefined : notEnforcing(report, ending, readyMs)) ?? judgeGap(restart);
  const problems = [
    listed,
    lateAgain(report, readyMs),
    wrongSignals(report, restart.enforceSignal),
  ].flatMap((problem) => problem ?? []);
  // Where the restart was not one gap, that is what is told, before the lines on it.
  const judged = worst([gap, ...problems, told]);
  return judged.verdict === 'pass' ? gap : judged;
}

/** The agent said that it was ready, and it did not deny what we opened then. */
export function notEnforcing(
  { stretches }: WatchReport,
  ending: Ending,
  readyMs = 0,
): Judgement | undefined {
  const last = stretches.at(-1);
  if (last?.outcome === 'denied') return undefined;
  const outcome = last?.outcome ?? 'not made';
  const decidedMs = readyMs + READY_MEANS_ENFORCING_MS;
  const opens = { undecidedMs: last?.lastMs ?? readyMs, decidedMs };
  const judged = judgeFirstDecision('enforce', opens, readyMs);
  if (judged?.verdict === 'inconclusive') return judged;
  return fail(
    `ended ${ending}, the agent started again, said that it was ready, and opens of the denied file were ${outcome} for ${READY_MEANS_ENFORCING_MS / 1000} s`,
    { value: outcome, limit: 'denied', source: 'watch process' },
  );
}

/** The last open of the gap and the denial after it, against the moment in which the agent said that it was ready. */
export function lateAgain(
  { stretches }: WatchReport,
  readyMs: number | undefined,
): Judgement | undefined {
  const back = stretches.findLast(({ outcome }) => outcome === 'denied');
  const through = stretches.findLast(({ outcome }) => outcome === 'allowed');
  return back === undefined || through === undefined || readyMs === undefined
    ? undefined
    : judgeFirstDecision(
        'enforce',
        { undecidedMs: through.lastMs, decidedMs: back.firstMs },
        readyMs,
      );
}

/** One gap, as long as it takes, with every denied open counted once by both lives together. */
function judgeGap(restart: Restart): Judgement {
  const { report, ending, enforcingAgainMs, counted, strangers, source } = restart;
  const { mostMs, mostOpens } = restart;
  const gap = singleGap(report.stretches);
  if (typeof gap === 'string') return fail(`the restart was not one gap: ${gap}`, { source });
  if (!counted.known) return inconclusive(counted.reason, { source: counted.source });
  const denied = deniedOpens(report.stretches);
  const limit = denied + strangers;
  const excess = counted.value - limit;
  const atEnds = strangers === 0 ? 0 : STRANGERS_IN_FLIGHT;
  if (excess < -IN_FLIGHT || excess > IN_FLIGHT + atEnds) {
    const measured = { value: counted.value, limit, unit: 'decisions', source: counted.source };
    const opens = openText(denied, strangers);
    if (excess > 0 && excess <= strangers)
      return inconclusive(
        `${opens} were denied and ${counted.value} counted over the restart: lines of others may be lost with the ring of a life that ends; keep other programs from opening the file and run again`,
        measured,
      );
    return fail(
      `the counters did not go on over the restart: ${opens} were denied and ${counted.value} counted`,
      measured,
    );
  }
  const measured = { value: gap.ms, limit: mostMs, unit: 'ms', source };
  const text = `ended ${ending} under ${openRate(report)} opens/s: enforcement was gone for ${gap.ms} ms, in which ${gap.allowedOpens} opens went through`;
  const limits = [`MAX_RESTART_GAP_MS=${mostMs}`, `MAX_RESTART_GAP_OPENS=${mostOpens}`];
  const provenMs = throughForMs(report.stretches);
  if (provenMs > mostMs) return fail(`${text}, limit ${limits[0]}`, measured);
  // Each open that went through is proof by itself.
  if (gap.allowedOpens > mostOpens)
    return fail(`${text}, limit ${limits[1]}`, {
      ...{ value: gap.allowedOpens, limit: mostOpens, unit: 'opens', source },
    });
  if (gap.ms > mostMs)
    return inconclusive(
      `${text}, limit ${limits[0]}; the first and the last of these opens are ${Math.round(provenMs)} ms apart, and this host made none in the rest`,
      measured,
    );
  return pass(
    `${text} (limits ${limits.join(', ')}); ${enforcingAgainMs} ms from the start it was back; ${countText(denied, strangers, counted.value)}; rule and list as before`,
    measured,
  );
}

/** From the first open that went through to the last: so long nobody enforced, whatever this host held up. */
function throughForMs(stretches: WatchReport['stretches']): number {
  const through = stretches.filter(({ outcome }) => outcome === 'allowed');
  return (through.at(-1)?.lastMs ?? 0) - (through[0]?.firstMs ?? 0);
}

/** So many opens, and whose they were where others made some. */
function openText(denied: number, strangers: number): string {
  if (strangers === 0) return `${denied} opens`;
  return `${denied + strangers} opens (${denied} by us, ${strangers} by others)`;
}

function countText(denied: number, strangers: number, counted: number): string {
  if (strangers === 0 && denied === counted)
    return `${denied} denied opens = ${counted} counted over both lives`;
  const ends = IN_FLIGHT + (strangers === 0 ? 0 : STRANGERS_IN_FLIGHT);
  return `${openText(denied, strangers)} were denied and ${counted} counted over both lives, which may differ by ${ends}: the open under way when a life ends is counted and may still go through, or the reverse`;
}
