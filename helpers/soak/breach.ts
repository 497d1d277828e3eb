import type { Mode } from '../agent/daemon-options.ts';
import type { Settings } from '../settings/settings.ts';
import { type Figures, type Limits, THRESHOLDS, type Threshold } from '../settings/thresholds.ts';
import type { WorkloadCounts } from '../workload/attempt-counts.ts';
import { EXPECTED_STATES } from './invariants.ts';

/** What a soak in progress has shown so far; absent figures are unknown. */
export interface SoFar {
  readonly mode: Mode;
  readonly elapsedSeconds: number;
  readonly counts: WorkloadCounts;
  /** Counts of the work beside the main one, by operation. */
  readonly side: readonly {
    readonly operation: string;
    readonly counts: Pick<WorkloadCounts, 'allowed' | 'eperm' | 'signals'>;
  }[];
  readonly workerDied: boolean;
  readonly otherInstance: string | undefined;
  /** Since the soak began, of the whole host. */
  readonly figures: Figures;
  readonly countersDecreased: string | undefined;
  readonly clockProblem: string | undefined;
  /** What somebody else did to a file that the soak works on. */
  readonly touchedFile?: string | undefined;
  readonly states: readonly string[];
  readonly errors: number;
  /** How often the agent said that it started. */
  readonly starts: number;
}

type SoakLimits = Limits & Pick<Settings, 'DURATION_SECONDS' | 'SOAK_RATE'>;

/** Decisions of others may dilute the ratio; a host that makes this much more than our load does not. */
const OTHERS_AT_MOST = 10;

/**
 * A criterion that can no longer pass, in words: going on would only cost time. Whatever is said here
 * fails, or is inconclusive, by the soak's own result too.
 */
export function breachOf(soFar: SoFar, limits: SoakLimits): string | undefined {
  return (
    invalidated(soFar) ??
    decisionBreach(soFar) ??
    thresholdBreach(soFar, limits) ??
    agentBreach(soFar)
  );
}

function invalidated(soFar: SoFar): string | undefined {
  if (soFar.touchedFile !== undefined) return `somebody on this host ${soFar.touchedFile}`;
  if (soFar.workerDied) return 'a soak worker died';
  return soFar.countersDecreased ?? soFar.clockProblem;
}

/** Every way that the agent failed to deny, or denied in audit mode, in words. */
export function decisionBreach({
  mode,
  counts,
  side,
}: Pick<SoFar, 'mode' | 'counts' | 'side'>): string | undefined {
  const wrong = ({ counts: made }: SoFar['side'][number]) =>
    mode === 'enforce' ? made.allowed > 0 : made.eperm + made.signals > 0;
  const ways = [{ operation: 'open', counts }, ...side]
    .filter(wrong)
    .map(({ operation }) => anOrA(operation));
  if (ways.length === 0) return undefined;
  return mode === 'enforce'
    ? `${ways.join(' and ')} of the denied subject went through`
    : `${ways.join(' and ')} ${ways.length === 1 ? 'was' : 'were'} denied or signalled in audit mode`;
}

const anOrA = (operation: string) => `${/^[aeio]/.test(operation) ? 'an' : 'a'} ${operation}`;

/** A limit that the soak can no longer keep, whatever is still to come. */
function thresholdBreach(soFar: SoFar, limits: SoakLimits): string | undefined {
  const left = Math.max(0, limits.DURATION_SECONDS - soFar.elapsedSeconds);
  const toCome = left * limits.SOAK_RATE * OTHERS_AT_MOST;
  for (const threshold of THRESHOLDS) {
    const { limit, measure, atBest }: Threshold = threshold;
    const measured = measure(soFar.figures);
    // What is too little now may still become enough.
    if (limit === 'lowest' || !measured.known) continue;
    const best = atBest === undefined ? measured.value : atBest(soFar.figures, toCome);
    const most = limits[threshold.knob];
    if (best !== undefined && best > most)
      return `${measured.words}, so ${threshold.knob}=${most} can no longer be kept`;
  }
  return undefined;
}

function agentBreach({ mode, otherInstance, states, errors, starts }: SoFar): string | undefined {
  if (otherInstance !== undefined)
    return `another instance of the agent appeared (${otherInstance})`;
  if (starts > 1) return 'the agent restarted';
  const state = states.find((name) => !EXPECTED_STATES[mode].has(name));
  if (state !== undefined) return `the agent changed its state to ${state}`;
  return errors > 0 ? 'the agent logged an error' : undefined;
}
