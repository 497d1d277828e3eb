import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import type { Figures, Limits, THRESHOLDS } from '../settings/thresholds.ts';
import { trendText } from './memory-trend.ts';
import type { SoakResult } from './result.ts';

type Entry = (typeof THRESHOLDS)[number];

/** Judges one threshold from a finished soak. No figure, or a soak that was cut short, is never a pass. */
export function judgeThreshold(threshold: Entry, soak: SoakResult, limits: Limits): Judgement {
  const { knob, unit } = threshold;
  const limit = limits[knob];
  const measured = threshold.measure(figuresOf(soak));
  if (!measured.known)
    return inconclusive(measured.reason, { limit, unit, source: measured.source });
  const { value, source, words } = measured;
  const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(6));
  const measurement = { value: rounded, limit, unit, source };
  const at = `measured ${soak.startedAt} to ${soak.endedAt}`;
  if (threshold.limit === 'lowest') {
    const text = `${words}, at least ${knob}=${limit} needed, ${at}`;
    return value < limit
      ? inconclusive(`${text}; run longer, or raise SOAK_RATE`, measurement)
      : pass(text, measurement);
  }
  const text = `${words}, limit ${knob}=${limit}, ${at}`;
  if (value > limit) return fail(text, measurement);
  if (soak.endedEarly === undefined) return pass(text, measurement);
  // A highest limit is judged on a whole soak; one that ended early for another reason proves nothing.
  return inconclusive(
    `the soak ended after ${soak.measuredSeconds.toFixed(1)} s of ${soak.askedSeconds} s (${soak.endedEarly}), so this limit was not tested in full`,
    measurement,
  );
}

/** The figures of a soak, while it runs and at its end. */
export const figuresOf = (
  soak: Pick<SoakResult, 'decisions' | 'drops' | 'rss'> & { readonly agent: { pid: number } },
): Figures => ({
  decisions: soak.decisions,
  drops: soak.drops,
  rssGrowthKb: memoryGrowth(soak.rss, soak.agent.pid),
});

/** Highest resident memory so far minus the settled baseline, with its trend where there is one. */
function memoryGrowth(rss: SoakResult['rss'], pid: number): Figures['rssGrowthKb'] {
  const { baselineKb, maxKb, samples, source = `/proc/${pid}` } = rss;
  if (baselineKb === undefined || maxKb === undefined || samples < 2) {
    const reason = `only ${samples} samples of the agent's resident memory were taken, at least 2 are needed; run longer than SAMPLE_SECONDS`;
    return { known: false, reason, source };
  }
  const value = maxKb - baselineKb;
  const trend = rss.trend === undefined ? '' : `; ${trendText(rss.trend)}`;
  const words = `resident memory grew by ${value} KiB (settled ${baselineKb}, highest ${maxKb}${trend})`;
  return { known: true, value, source, words };
}
