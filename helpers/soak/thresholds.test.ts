import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exampleLimits } from '../../fixtures/examples/example-limits.ts';
import { exampleSoak } from '../../fixtures/examples/example-soak.ts';
import { propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { type Limits, THRESHOLDS, type ThresholdName } from '../settings/thresholds.ts';
import { type SoakResult, soakResult } from './result.ts';
import { judgeThreshold } from './thresholds.ts';

/** A soak in which all is well, but for these. */
const soak = (changes: { [K in keyof SoakResult]?: unknown } = {}): SoakResult =>
  soakResult.parse({ ...exampleSoak, ...changes });

const known = (value: number) => ({ known: true, value, source: 'scrape' });
const unknown = { known: false, reason: 'the family is missing', source: 'scrape' };
const limits = exampleLimits();
const judged = (name: ThresholdName, result: SoakResult, by: Limits) => {
  const [threshold] = THRESHOLDS.filter((one) => one.name === name);
  if (threshold === undefined) throw new Error(`there is no threshold ${name}`);
  return judgeThreshold(threshold, result, by);
};
const early = { endedEarly: 'SIGTERM' };
const dropped = (drops: number, decisions: number) => ({
  drops: known(drops),
  decisions: known(decisions),
});
const grown = (kb: number, samples = 300) => ({
  rss: { baselineKb: 1000, maxKb: 1000 + kb, samples },
});

test.each([
  ['drops at the limit', 'ringbuf-drops', { drops: known(100) }, 'pass'],
  ['drops above the limit', 'ringbuf-drops', { drops: known(101) }, 'fail'],
  ['unknown drops', 'ringbuf-drops', { drops: unknown }, 'inconclusive'],
  ['few drops until it was cut short', 'ringbuf-drops', early, 'inconclusive'],
  ['too many drops, cut short', 'ringbuf-drops', { drops: known(101), ...early }, 'fail'],
  ['a ratio at the limit', 'event-drop-ratio', dropped(1, 1000), 'pass'],
  ['a ratio above the limit', 'event-drop-ratio', dropped(2, 1999), 'fail'],
  ['no decisions to divide by', 'event-drop-ratio', dropped(0, 0), 'inconclusive'],
  ['a ratio of unknown drops', 'event-drop-ratio', { drops: unknown }, 'inconclusive'],
  ['a ratio to unknown decisions', 'event-drop-ratio', { decisions: unknown }, 'inconclusive'],
  ['a good ratio, cut short', 'event-drop-ratio', early, 'inconclusive'],
  ['decisions at the minimum', 'total-decisions', { decisions: known(100) }, 'pass'],
  ['too few decisions', 'total-decisions', { decisions: known(99) }, 'inconclusive'],
  ['unknown decisions', 'total-decisions', { decisions: unknown }, 'inconclusive'],
  ['growth at the limit', 'rss-growth', grown(65536), 'pass'],
  ['growth above the limit', 'rss-growth', grown(65537), 'fail'],
  ['shrinking memory', 'rss-growth', grown(-500), 'pass'],
  ['one sample of memory', 'rss-growth', grown(0, 1), 'inconclusive'],
  ['memory without a baseline', 'rss-growth', { rss: { maxKb: 1, samples: 9 } }, 'inconclusive'],
  ['good memory, cut short', 'rss-growth', early, 'inconclusive'],
] as const)('%s: %o', (_, name, changes, verdict) => {
  expect(judged(name, soak(changes), limits).verdict).toBe(verdict);
});

test('no threshold passes on a delta that is unknown', () => {
  const count = fc.nat({ max: 1_000_000 });
  fc.assert(
    fc.property(count, count, fc.nat(), fc.boolean(), (value, limit, ratio, cut) => {
      const any = { ...exampleLimits(limit), MAX_EVENT_DROP_RATIO_PCT: ratio };
      const base = cut ? early : {};
      const noDrops = soak({ ...base, drops: unknown, decisions: known(value) });
      const noDecisions = soak({ ...base, drops: known(value), decisions: unknown });
      const verdicts = [
        judged('ringbuf-drops', noDrops, any),
        judged('event-drop-ratio', noDrops, any),
        judged('event-drop-ratio', noDecisions, any),
        judged('total-decisions', noDecisions, any),
      ];
      expect(verdicts.every(({ verdict }) => verdict === 'inconclusive')).toBe(true);
    }),
    propertyRuns(),
  );
});
