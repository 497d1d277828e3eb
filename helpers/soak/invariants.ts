import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  pass,
} from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import { clockProblem } from '../workload/clocks.ts';
import { ofOneLife } from './one-life.ts';
import type { SoakResult } from './result.ts';

/** State changes that belong to a start in that mode (docs/agent-contract.md §5.1, §5.2). */
export const EXPECTED_STATES = {
  audit: new Set(['AUDIT_FALLBACK/STARTUP_AUDIT_MODE']),
  enforce: new Set(['ENFORCE/STARTUP_ENFORCE_READY']),
};
/** The totals come from scrapes before and after; one late scrape in between loses no count. */
const MAX_FAILED_SCRAPE_SHARE = 0.05;
/** A slow endpoint is read less often than it should; with fewer than this the time between is unwatched. */
const MIN_TAKEN_SHARE = 0.75;

/** The soak ran as long as it was asked to, on a host whose clock did not jump and did not sleep. */
export function ranInFull(soak: SoakResult): Judgement {
  const { attempts, skipped } = soak.attempts;
  const { askedSeconds, measuredSeconds, endedEarly } = soak;
  const value = Number(measuredSeconds.toFixed(1));
  const measurement = { value, limit: askedSeconds, unit: 's', source: 'monotonic clock' };
  const ran = `${value} s of DURATION_SECONDS=${askedSeconds}`;
  if (endedEarly !== undefined)
    return inconclusive(`the soak ended after ${ran}: ${endedEarly}`, measurement);
  if (measuredSeconds < askedSeconds || attempts === 0) {
    const text = `the soak measured ${ran} with ${attempts} attempts; run again`;
    return inconclusive(text, measurement);
  }
  const problem = clockProblem(soak);
  if (problem !== undefined) return inconclusive(problem, measurement);
  const rate = soak.attemptsPerSecond ?? attempts / measuredSeconds;
  return pass(
    `${attempts} attempts by ${soak.workers} workers in ${value} s, ${rate.toFixed(0)}/s of SOAK_RATE=${soak.askedRate}/s asked${skipped > 0 ? ` (the host was too slow for ${skipped})` : ''}${latencyText(soak)}`,
    measurement,
  );
}

function latencyText({ openLatencyUs }: SoakResult): string {
  if (openLatencyUs === undefined) return '';
  const { p50, p99, max } = openLatencyUs;
  return `; an open took ${p50} µs (p50), ${p99} µs (p99), ${max} µs at most`;
}

/** Whether so many opens as ended well are all that were made. */
function allOpens(
  { attempts: { attempts } }: SoakResult,
  well: number,
  outcome: string,
  measurement: Measurement,
): Judgement {
  return well === attempts
    ? pass(`all ${attempts} opens were ${outcome}`, measurement)
    : inconclusive(
        `${attempts} opens were made and only ${well} have an outcome; the workers' counts are incomplete, run again`,
        measurement,
      );
}

/** As many as a person looks at. */
const SHOWN_LEAKS = 10;

/** When and by whom the denied file was opened, and whether the agent told it. Its lines bear no time, so that they are counted. */
function leakedOpens(soak: SoakResult, misses: number): string[] {
  const { wentThrough = [], attempts } = soak.attempts;
  const made = attempts + soak.victims.run;
  const untold = made - soak.ownEventLines;
  const drops = soak.drops.known ? `${soak.drops.value}` : 'an unknown number of';
  const beside =
    untold <= 0
      ? `each of our ${made} opens has an event line, those that went through as well`
      : `of our ${made} opens ${untold} ${untold === 1 ? 'has' : 'have'} no event line (${misses} went through, the agent admits ${drops} drops): ${untold >= misses ? 'there is no event beside them' : 'some of them have an event'}`;
  return [
    ...wentThrough
      .slice(0, SHOWN_LEAKS)
      .map(({ at, pid, worker = 'worker' }) => `${at}: opened by ${worker}, pid ${pid}`),
    ...(misses > Math.min(wentThrough.length, SHOWN_LEAKS)
      ? [`${misses - Math.min(wentThrough.length, SHOWN_LEAKS)} more without a time here`]
      : []),
    beside,
  ];
}

/** Enforce: every open of the denied file is refused with EPERM, and never goes through. */
export const noMissedDenial = ofOneLife((soak) => {
  const { attempts, allowed, eperm, otherErrno } = soak.attempts;
  const misses = allowed + soak.victims.read;
  const measurement = { value: misses, limit: 0, unit: 'missed denials', source: 'soak workers' };
  if (attempts === 0) return inconclusive('the workers made no attempt', measurement);
  if (misses > 0) {
    const text = `${misses} of ${attempts + soak.victims.run} opens of the denied file went through while the agent enforced`;
    return { ...fail(text, measurement), proof: leakedOpens(soak, misses) };
  }
  const others = Object.entries(otherErrno).map(([errno, count]) => `${errno} × ${count}`);
  if (others.length > 0) {
    return fail(
      `opens of the denied file failed with ${others.join(', ')} instead of EPERM (${eperm} times EPERM): the refusal is not the agent's, or not as documented`,
      { ...measurement, value: others.join(', '), limit: 'EPERM', unit: 'errno' },
    );
  }
  return allOpens(soak, eperm, 'refused with EPERM', measurement);
});

/** Audit: nothing is refused and nobody is signalled. */
export const nothingDenied = ofOneLife((soak) => {
  const { attempts, allowed, eperm, signals, otherErrno } = soak.attempts;
  const refused = eperm + Object.values(otherErrno).reduce((sum, count) => sum + count, 0);
  const hurt = soak.victims.signalled + soak.victims.denied + soak.victims.other.length;
  const value = refused + signals + hurt;
  const unit = 'refusals and signals';
  const measurement = { value, limit: 0, unit, source: 'soak workers' };
  if (attempts === 0) return inconclusive('the workers made no attempt', measurement);
  if (measurement.value > 0) {
    return fail(
      `in audit mode ${refused} of ${attempts} opens were refused, ${signals} signals arrived and ${hurt} ordinary programs were hurt; an audit pass must not touch anything`,
      measurement,
    );
  }
  return allOpens(soak, allowed, 'allowed and no signal arrived', measurement);
});

/** The agent reported no degradation, fallback or error while it was under load. */
export function noUnexpectedStateChange(soak: SoakResult): Judgement {
  const source = `${soak.mode}/agent.stdout.ndjson, ${soak.mode}/agent.stderr.log`;
  const unexpected = soak.stateChanges.filter((state) => !EXPECTED_STATES[soak.mode].has(state));
  const measured = (value: number, unit: string) => ({ value, limit: 0, unit, source });
  if (unexpected.length > 0) {
    const text = `unexpected state changes: ${unexpected.join(', ')}`;
    return fail(text, measured(unexpected.length, 'state changes'));
  }
  const { errors } = soak;
  if (errors.length > 0) {
    const text = `the agent logged ${counted(errors.length, 'error')}; the first: ${errors[0]}`;
    return fail(text, measured(errors.length, 'ERROR lines'));
  }
  return pass('no degradation, no fallback, no ERROR line', measured(0, 'state changes'));
}

/** What the agent wrote to its event stream and is no event; undefined where it wrote none of that. */
export function unreadableLines(
  { notJson, invalid, oversized, samples }: SoakResult['streamDefects'],
  source: string,
): Judgement | undefined {
  const bad = notJson + invalid + oversized;
  if (bad === 0) return undefined;
  const text = `${counted(bad, 'line')} of the event stream cannot be read; the first: ${samples[0] ?? '?'}`;
  return fail(text, { value: bad, limit: 0, unit: 'lines', source });
}

/** Every event carries the action that the mode demands, and every line could be read. */
export function actionsAsDocumented(soak: SoakResult): Judgement {
  const source = `${soak.mode}/agent.stdout.ndjson`;
  const allowed = actionsOf(soak);
  const wrong = Object.entries(soak.linesByAction).filter(([action]) => !allowed.includes(action));
  const limit = allowed.join(' or ');
  if (wrong.length > 0) {
    const value = wrong.map(([action, count]) => `${action} × ${count}`).join(', ');
    const text = `events on the soak file say ${value}, expected ${limit}`;
    return fail(text, { value, limit, unit: 'action', source });
  }
  const unreadable = unreadableLines(soak.streamDefects, source);
  if (unreadable !== undefined) return unreadable;
  if (soak.ownEventLines + soak.strangerEventLines === 0)
    return inconclusive(
      'no event on the soak file arrived during the soak, so there is none whose action could be judged',
      { value: 0, unit: 'event lines', source },
    );
  const text = `every event on the soak file says ${limit}, every line could be read`;
  return pass(text, { value: 0, limit: 0, unit: 'lines', source });
}

/** Actions of events by mode and signal (docs/agent-contract.md §4.2). */
export function actionsOf({
  mode,
  enforceSignal,
}: Pick<SoakResult, 'mode' | 'enforceSignal'>): readonly string[] {
  if (mode === 'audit') return ['AUDIT'];
  if (enforceSignal === 'none') return ['BLOCK'];
  return enforceSignal === 'kill' ? ['TERM', 'KILL'] : [enforceSignal.toUpperCase()];
}

/** Enough scrapes succeeded for the drops and decisions to have been watched all the time. */
export function samplesComplete(soak: SoakResult): Judgement {
  const { taken, failed, late, source, lastError, decreased, everySeconds } = soak.samples;
  const tried = taken + failed;
  const limit = Math.floor(tried * MAX_FAILED_SCRAPE_SHARE);
  const measurement = { value: failed, limit, unit: 'failed scrapes', source };
  if (decreased !== undefined) return inconclusive(decreased, measurement);
  if (taken === 0) {
    const text = `none of ${counted(tried, 'read')} of ${source} returned metrics: ${lastError ?? 'none was tried'}`;
    return inconclusive(text, measurement);
  }
  // What the pace demands: one at the beginning and one for each interval that has passed.
  const due =
    everySeconds === undefined ? tried : 1 + Math.floor(soak.measuredSeconds / everySeconds);
  // The last one that was due may be under way when the soak ends.
  const needed = Math.min(Math.ceil(due * MIN_TAKEN_SHARE), Math.max(1, due - 1));
  const text = `${taken} of ${due} samples due, at least ${needed} needed (${100 * MIN_TAKEN_SHARE} %); ${failed} of ${tried} scrapes of ${source} failed, ${late} came late`;
  if (taken < needed) {
    return inconclusive(
      `${text}; what happened between them was not watched: run again on a faster host, or raise SAMPLE_SECONDS`,
      { value: taken, limit: needed, unit: 'samples', source },
    );
  }
  return failed / tried > MAX_FAILED_SCRAPE_SHARE
    ? inconclusive(`${text}; the last: ${lastError ?? '?'}`, measurement)
    : pass(text, measurement);
}
