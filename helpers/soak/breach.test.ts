import { expect, test } from 'vitest';
import { breachOf, type SoFar } from './breach.ts';

const LIMITS = {
  DURATION_SECONDS: 300,
  MAX_RINGBUF_DROPS: 100,
  MAX_EVENT_DROP_RATIO_PCT: 0.1,
  MAX_RSS_GROWTH_KB: 65_536,
  SOAK_RATE: 500,
};
const counts = { attempts: 10, allowed: 0, eperm: 10, otherErrno: {}, signals: 10, skipped: 0 };

/** An enforce soak in which all is well. */
const well: SoFar = {
  mode: 'enforce',
  elapsedSeconds: 10,
  counts,
  side: [],
  workerDied: false,
  otherInstance: undefined,
  drops: 0,
  decisions: 5000,
  rssGrowthKb: 1000,
  countersDecreased: undefined,
  clockProblem: undefined,
  states: ['ENFORCE/STARTUP_ENFORCE_READY'],
  errors: 0,
  starts: 1,
};

test('a soak in which all is well goes on', () => {
  expect(breachOf(well, LIMITS)).toBeUndefined();
  expect(breachOf({ ...well, drops: undefined, rssGrowthKb: undefined }, LIMITS)).toBeUndefined();
});

test.each<[string, Partial<SoFar>, RegExp]>([
  ['an open', { counts: { ...counts, allowed: 1 } }, /an open of the denied subject went through/],
  [
    'another operation',
    { side: [{ operation: 'hardlink', counts: { ...counts, allowed: 1 } }] },
    /a hardlink of the denied subject went through/,
  ],
  [
    'a dead connect hook, each protocol named',
    {
      side: ['tcp-connect', 'udp-connect'].map((operation) => ({
        operation,
        counts: { ...counts, allowed: 1 },
      })),
    },
    /^a tcp-connect and a udp-connect of the denied subject went through$/,
  ],
  ['a denial in audit mode', { mode: 'audit' }, /denied or signalled in audit mode/],
  ['too many drops', { drops: 101 }, /101 drops, more than MAX_RINGBUF_DROPS=100/],
  ['too much memory', { rssGrowthKb: 65_537 }, /more than MAX_RSS_GROWTH_KB=65536/],
  ['a degradation', { states: ['DEGRADED/BPF_LOAD_FAILED'] }, /changed its state to DEGRADED/],
  ['an error', { errors: 1 }, /logged an error/],
  ['a start anew', { starts: 2 }, /the agent restarted/],
  ['a second instance', { otherInstance: 'aegisbpf, pid 7' }, /another instance/],
  ['a reset', { countersDecreased: 'counters went backwards' }, /went backwards/],
  ['a suspend', { clockProblem: 'the host was suspended' }, /suspended/],
  ['a lost worker', { workerDied: true }, /worker died/],
])('%s ends it', (_, changed, says) => {
  expect(breachOf({ ...well, ...changed }, LIMITS)).toMatch(says);
});

test('a drop ratio ends it only when what is left to come cannot dilute it any more', () => {
  const limits = { ...LIMITS, MAX_RINGBUF_DROPS: 1e9 };
  expect(breachOf({ ...well, drops: 1000 }, limits)).toBeUndefined();
  expect(breachOf({ ...well, drops: 1000, elapsedSeconds: 299 }, limits)).toMatch(/no longer sink/);
});
