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
const taken = (changes: object) => ({ resources: { ...exampleSoak.resources, ...changes } });
const cpu = (seconds: number) => taken({ cpuSeconds: known(seconds) });
const restarted = (days: number) => ({ ...limits, PLANNED_RESTART_DAYS: days });
/** 120 descriptors, and so many more an hour. */
const growing = (perHour: number, rise = 9, lowPerHour = perHour) =>
  taken({
    descriptors: {
      highest: 120,
      trend: { perHour, lowPerHour, highPerHour: 2 * perHour, readings: 225, rise },
    },
  });
/** Locked memory that rises by so many KiB in the soak. */
const locking = (rise: number) => {
  const perHour = 16 * rise;
  const trend = { perHour, lowPerHour: perHour, highPerHour: perHour, readings: 225, rise };
  return taken({ locked: { highest: 102_400, trend } });
};

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
  ['as much memory as may be', 'resident-memory', grown(261_144), 'pass'],
  ['more memory than that', 'resident-memory', grown(261_145), 'fail'],
  ['memory that nobody read', 'resident-memory', { rss: { samples: 0 } }, 'inconclusive'],
  ['good memory, cut short', 'rss-growth', early, 'inconclusive'],
  ['CPU time at the limit', 'cpu', cpu(150), 'pass'],
  ['CPU time above the limit', 'cpu', cpu(151), 'fail'],
  ['CPU time that went backwards', 'cpu', taken({ cpuSeconds: unknown }), 'inconclusive'],
  ['a sample that could not be read', 'cpu', taken({ unread: 1 }), 'inconclusive'],
  ['a run that did not read it', 'cpu', { resources: undefined }, 'inconclusive'],
  ['little CPU time, cut short', 'cpu', early, 'inconclusive'],
  ['bursts at the limit', 'cpu-p95', taken({ cpuP95: { percent: 125, of: 299 } }), 'pass'],
  ['bursts above it', 'cpu-p95', taken({ cpuP95: { percent: 126, of: 299 } }), 'fail'],
  ['bursts that nobody saw', 'cpu-p95', taken({ cpuP95: undefined }), 'inconclusive'],
  ['bursts of an unread clock', 'cpu-p95', taken({ cpuSeconds: unknown }), 'inconclusive'],
  ['idle CPU at the limit', 'idle-cpu', { idleCpuPercent: 5 }, 'pass'],
  ['idle CPU above the limit', 'idle-cpu', { idleCpuPercent: 5.1 }, 'fail'],
  ['idle CPU that was not read', 'idle-cpu', { idleCpuPercent: undefined }, 'inconclusive'],
  ['a cheap decision', 'decision-cpu', cpu(2), 'pass'],
  ['a dear decision', 'decision-cpu', cpu(2.1), 'fail'],
  ['CPU of no decision', 'decision-cpu', dropped(0, 0), 'inconclusive'],
  ['a log at the limit', 'written', { written: { bytes: 20_971_520, seconds: 3600 } }, 'pass'],
  ['a log above it', 'written', { written: { bytes: 20_973_000, seconds: 3600 } }, 'fail'],
  ['a log that nobody read', 'written', { written: undefined }, 'inconclusive'],
  ['ready at the limit', 'time-to-ready', { readyMs: 2000 }, 'pass'],
  ['ready later', 'time-to-ready', { readyMs: 2001 }, 'fail'],
  ['ready nobody knows when', 'time-to-ready', { readyMs: undefined }, 'inconclusive'],
  ['descriptors at the limit', 'descriptors', taken({ descriptors: { highest: 1024 } }), 'pass'],
  ['one above the limit', 'descriptors', taken({ descriptors: { highest: 1025 } }), 'fail'],
  ['no sample of them', 'descriptors', taken({ descriptors: {} }), 'inconclusive'],
  ['a highest that may be unread', 'descriptors', taken({ unread: 1 }), 'inconclusive'],
  ['a leak that meets the limit in 15 h', 'descriptors', growing(60), 'fail'],
  ['a leak, cut short', 'descriptors', { ...growing(60), ...early }, 'inconclusive'],
  ['a growth that is not sure', 'descriptors', growing(60, 9, 0), 'pass'],
  ['two that were opened for good', 'descriptors', growing(60, 2), 'pass'],
  ['threads at the limit', 'threads', taken({ threads: { highest: 128 } }), 'pass'],
  ['threads above the limit', 'threads', taken({ threads: { highest: 129 } }), 'fail'],
  ['children at the limit', 'child-processes', taken({ childProcesses: { highest: 8 } }), 'pass'],
  ['a child too many', 'child-processes', taken({ childProcesses: { highest: 9 } }), 'fail'],
  ['unread children', 'child-processes', taken({ unread: 1 }), 'inconclusive'],
  ['locked memory at the limit', 'locked-memory', taken({ locked: { highest: 143_360 } }), 'pass'],
  ['more locked memory', 'locked-memory', taken({ locked: { highest: 143_361 } }), 'fail'],
  ['unread locked memory', 'locked-memory', taken({ locked: undefined }), 'inconclusive'],
  ['no map held', 'locked-memory', taken({ lockedMaps: { held: 0, told: 0 } }), 'inconclusive'],
  [
    'maps of unknown size',
    'locked-memory',
    taken({ lockedMaps: { held: 2, told: 1 } }),
    'inconclusive',
  ],
  ['maps that fill', 'locked-memory', locking(1023), 'pass'],
  ['maps that grow on', 'locked-memory', locking(1024), 'fail'],
  ['files at the limit', 'files', taken({ files: { highest: 65_536 } }), 'pass'],
  ['larger files', 'files', taken({ files: { highest: 65_537 } }), 'fail'],
  ['unread files', 'files', taken({ files: undefined }), 'inconclusive'],
  ['unread memory', 'rss-growth', taken({ unread: { memory: 1 } }), 'inconclusive'],
  ['unread writing', 'written', taken({ unread: { written: 1 } }), 'inconclusive'],
  ['unread CPU time', 'decision-cpu', taken({ unread: { cpu: 1 } }), 'inconclusive'],
  ['unread threads', 'threads', taken({ unread: 1 }), 'inconclusive'],
] as const)('%s: %o', (_, name, changes, verdict) => {
  expect(judged(name, soak(changes), limits).verdict).toBe(verdict);
});

test.each([
  ['in 15 h', growing(60), limits, 'fail', /15 h at this pace, sooner than PLANNED_RESTART_DAYS=7/],
  ['in 9 days', growing(4.2), limits, 'pass', /MAX_DESCRIPTORS=1024, met in 9 days at this pace,/],
  ['after a daily restart', growing(30), restarted(1), 'pass', /met in 30 h/],
  ['whenever it may', growing(60), restarted(0), 'pass', /met in 15 h/],
  ['within minutes', growing(90_400), limits, 'fail', /met in 1 min/],
] as const)('a sure growth of descriptors meets the limit %s', (_, changes, by, verdict, says) => {
  const judgement = judged('descriptors', soak(changes), by);
  expect(judgement.verdict).toBe(verdict);
  expect(judgement.explanation).toMatch(says);
});

/** Of which figure a criterion is. */
const READ_AS = {
  memory: ['rss-growth', 'resident-memory'],
  cpu: ['cpu', 'cpu-p95', 'decision-cpu'],
  descriptors: ['descriptors'],
  threads: ['threads'],
  locked: ['locked-memory'],
  written: ['written'],
  files: ['files'],
};

test.each(Object.entries(READ_AS))(
  'a sample without %s takes the verdict of its criteria alone',
  (what, names) => {
    const result = soak(taken({ unread: { [what]: 2 }, cpuSeconds: known(2) }));
    const judgements = THRESHOLDS.map(({ name }) => ({ name, ...judged(name, result, limits) }));
    const without = judgements.filter(({ verdict }) => verdict !== 'pass');
    expect(without.map(({ name }) => name)).toEqual(names);
    for (const { verdict, explanation } of without) {
      expect(verdict).toBe('inconclusive');
      expect(explanation).toMatch(/^2 samples of the running agent lack it, .* and run again/);
    }
  },
);

test('memory that surely grows says when it meets its limit, as advice', () => {
  const trend = { perHour: 7200, lowPerHour: 7000, highPerHour: 7400, readings: 225, rise: 450 };
  const rss = { baselineKb: 1000, maxKb: 1536, samples: 300, trend };
  const { verdict, explanation } = judged('rss-growth', soak({ rss }), limits);
  expect(verdict).toBe('pass');
  expect(explanation).toContain(
    'limit MAX_RSS_GROWTH_KB=65536, met in 9 h at this pace, which is advice,',
  );
});

test.each([
  ['that is more than a cache', 2048, 0.5, 'fail', /65536, met in 9 h at this pace, sooner than/],
  ['that is small', 1000, 0.5, 'pass', /met in 9 h at this pace, which is advice,/],
  ['that was ending', 2048, 0.2, 'pass', /met in 9 h at this pace, which is advice,/],
] as const)(
  'memory below its limit with a sure growth %s: %i KiB',
  (_, rise, lateShare, verdict, says) => {
    const trend = { perHour: 7200, lowPerHour: 7000, highPerHour: 7400, readings: 225 };
    const rss = {
      baselineKb: 7500,
      maxKb: 8036,
      samples: 300,
      trend: { ...trend, rise, lateShare },
    };
    const judgement = judged('rss-growth', soak({ rss }), limits);
    expect(judgement.verdict).toBe(verdict);
    expect(judgement.explanation).toMatch(says);
  },
);

/** A trend that surely rises by so much in the soak. */
const rising = (rise: number) => ({
  ...{ perHour: 16 * rise, lowPerHour: rise, highPerHour: 20 * rise, readings: 225, rise },
  lateShare: 0.5,
});

test.each([
  ['CPU that grows by half', 'cpu', { cpuTrend: rising(11) }, 'fail'],
  ['CPU that grows little', 'cpu', { cpuTrend: rising(9) }, 'pass'],
  ['a log that grows faster', 'written', { writtenTrend: rising(1024) }, 'fail'],
  ['a log with some more lines', 'written', { writtenTrend: rising(1023) }, 'pass'],
  ['files that grow', 'files', { files: { highest: 100, trend: rising(64) } }, 'fail'],
  ['a rule more', 'files', { files: { highest: 100, trend: rising(1) } }, 'pass'],
] as const)('%s, below its limit: %s', (_, name, changes, verdict) => {
  const { verdict: is, explanation } = judged(name, soak(taken(changes)), limits);
  expect(is).toBe(verdict);
  expect(explanation).toMatch(
    is === 'fail' ? /met in .*, sooner than PLANNED_RESTART_DAYS/ : /trend/,
  );
});

test('CPU time is told for a core, in seconds and by decision', () => {
  expect(judged('cpu', soak(), limits).explanation).toContain(
    'the agent used 5.00 % of one core (15.00 s in 300.0 s; 15000 ms for 1,000 decisions), limit MAX_CPU_PCT=50',
  );
});

test('user and system time are told apart where the run has both, and the limit is on the sum', () => {
  const split = soak(taken({ cpuSystemSeconds: 4.5 }));
  expect(judged('cpu', split, limits)).toMatchObject({
    ...{ value: 5, limit: 50 },
    explanation: expect.stringContaining(
      '(15.00 s, user 10.50 s and system 4.50 s, in 300.0 s; 15000 ms for 1,000 decisions)',
    ),
  });
  expect(judged('decision-cpu', split, limits).explanation).toContain(
    '(15.00 s, user 10.50 s and system 4.50 s, for 1000)',
  );
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
