import type { Mode } from '../agent/daemon-options.ts';
import type { Settings } from '../settings/settings.ts';
import type { WorkloadCounts } from '../workload/workload.ts';
import { EXPECTED_STATES } from './invariants.ts';

/** What a soak in progress has shown so far; absent figures are unknown. */
export interface SoFar {
  readonly mode: Mode;
  readonly elapsedSeconds: number;
  readonly counts: WorkloadCounts;
  /** Counts of the work beside the main one, by operation. */
  readonly side: readonly { readonly operation: string; readonly counts: WorkloadCounts }[];
  readonly workerDied: boolean;
  readonly otherInstance: string | undefined;
  /** Since the soak began, of the whole host. */
  readonly drops: number | undefined;
  readonly decisions: number | undefined;
  readonly rssGrowthKb: number | undefined;
  readonly countersDecreased: string | undefined;
  readonly clockProblem: string | undefined;
  /** What somebody else did to a file that the soak works on. */
  readonly touchedFile?: string | undefined;
  readonly states: readonly string[];
  readonly errors: number;
  /** How often the agent said that it started. */
  readonly starts: number;
}

type Limits = Pick<
  Settings,
  | 'DURATION_SECONDS'
  | 'MAX_RINGBUF_DROPS'
  | 'MAX_EVENT_DROP_RATIO_PCT'
  | 'MAX_RSS_GROWTH_KB'
  | 'SOAK_RATE'
>;

/** Decisions of others may dilute the ratio; a host that makes this much more than our load does not. */
const OTHERS_AT_MOST = 10;

/**
 * A criterion that can no longer pass, in words: going on would only cost time. Whatever is said here
 * fails, or is inconclusive, by the soak's own result too.
 */
export function breachOf(soFar: SoFar, limits: Limits): string | undefined {
  return (
    invalidated(soFar) ??
    decisionBreach(soFar) ??
    dropBreach(soFar, limits) ??
    memoryBreach(soFar, limits) ??
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

const anOrA = (operation: string) => `${/^[aeo]/.test(operation) ? 'an' : 'a'} ${operation}`;

function dropBreach(soFar: SoFar, limits: Limits): string | undefined {
  const { drops, decisions, elapsedSeconds } = soFar;
  if (drops === undefined) return undefined;
  if (drops > limits.MAX_RINGBUF_DROPS) {
    return `${drops} drops, more than MAX_RINGBUF_DROPS=${limits.MAX_RINGBUF_DROPS}`;
  }
  if (decisions === undefined) return undefined;
  const left = Math.max(0, limits.DURATION_SECONDS - elapsedSeconds);
  const most = decisions + left * limits.SOAK_RATE * OTHERS_AT_MOST;
  if (100 * drops <= limits.MAX_EVENT_DROP_RATIO_PCT * most) return undefined;
  return `${drops} drops, a share that can no longer sink to MAX_EVENT_DROP_RATIO_PCT=${limits.MAX_EVENT_DROP_RATIO_PCT}`;
}

function memoryBreach({ rssGrowthKb }: SoFar, limits: Limits): string | undefined {
  if (rssGrowthKb === undefined || rssGrowthKb <= limits.MAX_RSS_GROWTH_KB) return undefined;
  return `the agent's memory grew by ${rssGrowthKb} KiB, more than MAX_RSS_GROWTH_KB=${limits.MAX_RSS_GROWTH_KB}`;
}

function agentBreach({ mode, otherInstance, states, errors, starts }: SoFar): string | undefined {
  if (otherInstance !== undefined)
    return `another instance of the agent appeared (${otherInstance})`;
  if (starts > 1) return 'the agent restarted';
  const state = states.find((name) => !EXPECTED_STATES[mode].has(name));
  if (state !== undefined) return `the agent changed its state to ${state}`;
  return errors > 0 ? 'the agent logged an error' : undefined;
}
