import { expect, test } from 'vitest';
import { exampleLimits } from '../../fixtures/examples/example-limits.ts';
import type { Figure, Figures } from '../settings/thresholds.ts';
import { breachOf, type SoFar } from './breach.ts';
import { figuresOf } from './figures.ts';

const known = (value: number): Figure => ({ known: true, value, source: 'scrape' });
const unknown: Figure = { known: false, reason: 'it was not read yet', source: 'scrape' };

/** A running soak's figures in which all is well, apart from these. */
const figures = (changed: {
  drops?: number;
  decisions?: number;
  rssKb?: number;
  cpu?: number;
  threads?: number;
}): Figures =>
  figuresOf({
    drops: known(changed.drops ?? 0),
    decisions: known(changed.decisions ?? 5000),
    rss: { baselineKb: 5000, maxKb: 5000 + (changed.rssKb ?? 1000), samples: 9 },
    resources: {
      unread: 0,
      cpuSeconds: known(changed.cpu ?? 1),
      overSeconds: 10,
      descriptors: { highest: 120 },
      threads: { highest: changed.threads ?? 2 },
      childProcesses: { highest: 0 },
    },
    agent: { pid: 4711 },
  });

const LIMITS = { ...exampleLimits(), DURATION_SECONDS: 300, SOAK_RATE: 500 };
const counts = { attempts: 10, allowed: 0, eperm: 10, otherErrno: {}, signals: 10, skipped: 0 };

/** An enforce soak in which all is well. */
const well: SoFar = {
  mode: 'enforce',
  elapsedSeconds: 10,
  counts,
  side: [],
  workerDied: false,
  otherInstance: undefined,
  figures: figures({}),
  countersDecreased: undefined,
  clockProblem: undefined,
  states: ['ENFORCE/STARTUP_ENFORCE_READY'],
  errors: 0,
  starts: 1,
};

test('a soak in which all is well goes on', () => {
  expect(breachOf(well, LIMITS)).toBeUndefined();
  const notReadYet = {
    ...{ drops: unknown, decisions: unknown, rssGrowthKb: unknown, rssKb: unknown },
    ...{ idleCpuPercent: unknown, decisionCpuMs: unknown, writtenKbPerHour: unknown },
    ...{ cpuP95Percent: unknown, lockedKb: unknown, filesKb: unknown },
    ...{
      readyMs: unknown,
      cpuPercent: unknown,
      descriptors: unknown,
      threads: unknown,
      childProcesses: unknown,
    },
  };
  expect(breachOf({ ...well, figures: notReadYet }, LIMITS)).toBeUndefined();
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
  [
    'too many drops',
    { figures: figures({ drops: 101 }) },
    /^101 ring-buffer drops, so MAX_RINGBUF_DROPS=100 can no/,
  ],
  [
    'too much memory',
    { figures: figures({ rssKb: 65_537 }) },
    /grew by 65537 KiB .*MAX_RSS_GROWTH_KB=65536/,
  ],
  [
    'too many threads',
    { figures: figures({ threads: 129 }) },
    /at most 129 threads .*MAX_THREADS=128 can no longer/,
  ],
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
  const many = { ...well, figures: figures({ drops: 1000 }) };
  expect(breachOf(many, limits)).toBeUndefined();
  expect(breachOf({ ...many, elapsedSeconds: 299 }, limits)).toBe(
    '1000 drops in 5000 decisions = 20.0 %, so MAX_EVENT_DROP_RATIO_PCT=0.1 can no longer be kept',
  );
});

test('much CPU time does not end it: what is still to come may lower the mean', () => {
  expect(breachOf({ ...well, figures: figures({ cpu: 9 }) }, LIMITS)).toBeUndefined();
});

test('few decisions do not end it: more are still to come', () => {
  expect(breachOf({ ...well, figures: figures({ decisions: 1 }) }, LIMITS)).toBeUndefined();
});
