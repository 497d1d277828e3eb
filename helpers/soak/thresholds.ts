import {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  pass,
} from '../criteria/judgement.ts';
import type { Settings } from '../settings/settings.ts';
import type { Delta } from './counters.ts';
import { trendText } from './memory-trend.ts';
import type { SoakResult } from './result.ts';

type Limits = Pick<
  Settings,
  'MAX_RINGBUF_DROPS' | 'MAX_EVENT_DROP_RATIO_PCT' | 'MIN_TOTAL_DECISIONS' | 'MAX_RSS_GROWTH_KB'
>;

const at = (soak: SoakResult) => `measured ${soak.startedAt} to ${soak.endedAt}`;

/** Limits are judged on a whole soak; one that ended early for another reason proves nothing. */
function unknownDelta(delta: Delta & { known: false }, measurement: Measurement): Judgement {
  return inconclusive(delta.reason, { ...measurement, source: delta.source });
}

function cutShort(soak: SoakResult, measurement: Measurement): Judgement | undefined {
  if (soak.endedEarly === undefined) return undefined;
  return inconclusive(
    `the soak ended after ${soak.measuredSeconds.toFixed(1)} s of ${soak.askedSeconds} s (${soak.endedEarly}); a limit kept until then says nothing about the rest`,
    measurement,
  );
}

/** MAX_RINGBUF_DROPS: Δ of both ring-buffer drop counters, never absolute (weakness S4). */
export function ringbufDrops(soak: SoakResult, limits: Limits): Judgement {
  const limit = limits.MAX_RINGBUF_DROPS;
  if (!soak.drops.known) return unknownDelta(soak.drops, { limit, unit: 'drops' });
  const measurement = { value: soak.drops.value, limit, unit: 'drops', source: soak.drops.source };
  const text = `${soak.drops.value} ring-buffer drops, limit MAX_RINGBUF_DROPS=${limit}, ${at(soak)}`;
  if (soak.drops.value > limit) return fail(text, measurement);
  return cutShort(soak, measurement) ?? pass(text, measurement);
}

/** MAX_EVENT_DROP_RATIO_PCT: Δdrops / Δdecisions × 100. */
export function eventDropRatio(soak: SoakResult, limits: Limits): Judgement {
  const limit = limits.MAX_EVENT_DROP_RATIO_PCT;
  const unit = '%';
  if (!soak.drops.known) return unknownDelta(soak.drops, { limit, unit });
  if (!soak.decisions.known) return unknownDelta(soak.decisions, { limit, unit });
  const source = `(${soak.drops.source}) / (${soak.decisions.source})`;
  if (soak.decisions.value === 0) {
    return inconclusive('no decision was made during the soak, so there is no ratio to judge', {
      limit,
      unit,
      source,
    });
  }
  const value = (100 * soak.drops.value) / soak.decisions.value;
  const text = `${soak.drops.value} drops in ${soak.decisions.value} decisions = ${value.toPrecision(3)} %, limit MAX_EVENT_DROP_RATIO_PCT=${limit}, ${at(soak)}`;
  const measurement = { value: Number(value.toPrecision(6)), limit, unit, source };
  if (value > limit) return fail(text, measurement);
  return cutShort(soak, measurement) ?? pass(text, measurement);
}

/** MIN_TOTAL_DECISIONS: enough work to judge by. Too few is missing evidence, not a bad agent. */
export function totalDecisions(soak: SoakResult, limits: Limits): Judgement {
  const limit = limits.MIN_TOTAL_DECISIONS;
  if (!soak.decisions.known) return unknownDelta(soak.decisions, { limit, unit: 'decisions' });
  const { value, source } = soak.decisions;
  const text = `${value} decisions, at least MIN_TOTAL_DECISIONS=${limit} needed, ${at(soak)}`;
  const measurement = { value, limit, unit: 'decisions', source };
  return value < limit
    ? inconclusive(`${text}; run longer, or raise SOAK_RATE`, measurement)
    : pass(text, measurement);
}

/** MAX_RSS_GROWTH_KB: highest resident memory during the soak minus the settled baseline. */
export function rssGrowth(soak: SoakResult, limits: Limits): Judgement {
  const limit = limits.MAX_RSS_GROWTH_KB;
  const { baselineKb, maxKb, samples, source = `/proc/${soak.agent.pid}` } = soak.rss;
  if (baselineKb === undefined || maxKb === undefined || samples < 2) {
    return inconclusive(
      `only ${samples} samples of the agent's resident memory were taken, at least 2 are needed; run longer than SAMPLE_SECONDS`,
      { limit, unit: 'KiB', source },
    );
  }
  const value = maxKb - baselineKb;
  const text = `resident memory grew by ${value} KiB (settled ${baselineKb}, highest ${maxKb}), limit MAX_RSS_GROWTH_KB=${limit}, ${at(soak)}; ${trendText(soak.rss.trend)}`;
  const measurement = { value, limit, unit: 'KiB', source };
  if (value > limit) return fail(text, measurement);
  return cutShort(soak, measurement) ?? pass(text, measurement);
}
