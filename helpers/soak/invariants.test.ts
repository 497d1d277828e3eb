import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exampleSoak } from '../../fixtures/examples/example-soak.ts';
import { propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { accountingCloses, signalsEqualDenials } from './accounting.ts';
import {
  actionsAsDocumented,
  noMissedDenial,
  nothingDenied,
  noUnexpectedStateChange,
  ranInFull,
  samplesComplete,
} from './invariants.ts';
import { agentStayedAlive } from './one-life.ts';
import { type SoakResult, soakResult } from './result.ts';

/** A soak in which all is well, but for these. */
const soak = (changes: { [K in keyof SoakResult]?: unknown } = {}): SoakResult =>
  soakResult.parse({ ...exampleSoak, ...changes });

const known = (value: number) => ({ known: true, value, source: 'scrape' });
const quiet = { attempts: 990, allowed: 0, eperm: 990, otherErrno: {}, signals: 990, skipped: 0 };
const victims = { run: 10, signalled: 10, read: 0, denied: 0, other: [] };
const audit = {
  mode: 'audit',
  attempts: { ...quiet, allowed: 990, eperm: 0, signals: 0 },
  victims: { ...victims, signalled: 0, read: 10 },
};
const dead = { agent: { alive: false, pid: 4711, diedAfterSeconds: 12.3, exit: 'SIGSEGV' } };
const clean = { notJson: 0, invalid: 0, oversized: 0, samples: [] };

test.each([
  ['a whole soak', ranInFull, {}, 'pass'],
  ['a soak that ended early', ranInFull, { endedEarly: 'SIGINT' }, 'inconclusive'],
  ['a suspended host', ranInFull, { bootSeconds: 303, wallSeconds: 303 }, 'inconclusive'],
  ['a clock set forward', ranInFull, { wallSeconds: 303 }, 'inconclusive'],
  ['a clock set back', ranInFull, { wallSeconds: 297 }, 'inconclusive'],
  ['a slewing clock', ranInFull, { wallSeconds: 302 }, 'pass'],
  ['a living agent', agentStayedAlive, {}, 'pass'],
  ['a dead agent', agentStayedAlive, dead, 'fail'],
  [
    'an agent that started anew',
    agentStayedAlive,
    { agent: { alive: true, pid: 4711, starts: 2 } },
    'fail',
  ],
  ['a second instance', agentStayedAlive, { otherInstance: 'pid 5' }, 'fail'],
  ['all denied', noMissedDenial, {}, 'pass'],
  ['one open that went through', noMissedDenial, { attempts: { ...quiet, allowed: 1 } }, 'fail'],
  ['a victim that read', noMissedDenial, { victims: { ...victims, read: 1 } }, 'fail'],
  ['another errno', noMissedDenial, { attempts: { ...quiet, otherErrno: { EACCES: 1 } } }, 'fail'],
  ['no attempt', noMissedDenial, { attempts: { ...quiet, attempts: 0 } }, 'inconclusive'],
  ['denials after a death', noMissedDenial, dead, 'inconclusive'],
  ['an untouched audit', nothingDenied, audit, 'pass'],
  ['a denial in audit', nothingDenied, { ...audit, attempts: { ...quiet, signals: 0 } }, 'fail'],
  ['a victim in audit', nothingDenied, { ...audit, victims }, 'fail'],
  ['the starting state', noUnexpectedStateChange, {}, 'pass'],
  ['a degradation', noUnexpectedStateChange, { stateChanges: ['DEGRADED/X'] }, 'fail'],
  ['an ERROR line', noUnexpectedStateChange, { errors: ['map full'] }, 'fail'],
  ['the demanded action', actionsAsDocumented, {}, 'pass'],
  ['another action', actionsAsDocumented, { linesByAction: { TERM: 9, BLOCK: 1 } }, 'fail'],
  ['a broken line', actionsAsDocumented, { streamDefects: { ...clean, notJson: 1 } }, 'fail'],
  [
    'one failed scrape in twenty',
    samplesComplete,
    { samples: { taken: 19, failed: 1, source: 's' } },
    'pass',
  ],
  [
    'two failed in twenty',
    samplesComplete,
    { samples: { taken: 18, failed: 2, source: 's' } },
    'inconclusive',
  ],
  [
    'three quarters of the samples due',
    samplesComplete,
    { measuredSeconds: 11, samples: { taken: 9, failed: 0, source: 's', everySeconds: 1 } },
    'pass',
  ],
  [
    'fewer samples than that',
    samplesComplete,
    { measuredSeconds: 11, samples: { taken: 8, failed: 0, source: 's', everySeconds: 1 } },
    'inconclusive',
  ],
  ['no scrape', samplesComplete, { samples: { taken: 0, failed: 0, source: 's' } }, 'inconclusive'],
  [
    'a reset counter',
    samplesComplete,
    { samples: { taken: 9, failed: 0, source: 's', decreased: 'x' } },
    'inconclusive',
  ],
  ['agreeing numbers', accountingCloses, {}, 'pass'],
  ['accounts of a dead agent', accountingCloses, dead, 'inconclusive'],
  ['one decision too few', accountingCloses, { ownDecisions: known(999) }, 'fail'],
  ['one decision too many', accountingCloses, { ownDecisions: known(1001) }, 'fail'],
  [
    'no event line at all',
    actionsAsDocumented,
    { ownEventLines: 0, linesByAction: {} },
    'inconclusive',
  ],
  ['a line lost', accountingCloses, { ownEventLines: 999 }, 'fail'],
  [
    'a line lost and a drop counted',
    accountingCloses,
    { ownEventLines: 999, drops: known(1) },
    'pass',
  ],
  ['a line too many', accountingCloses, { ownEventLines: 1001, drops: known(9) }, 'fail'],
  [
    'a stranger counted twice over',
    accountingCloses,
    { strangerEventLines: 1, ownDecisions: known(1001) },
    'pass',
  ],
  [
    'a stranger while it was counted',
    accountingCloses,
    { strangerEventLines: 1, strangerLinesAtEdges: 2 },
    'pass',
  ],
  [
    'more strangers than came while it was counted',
    accountingCloses,
    { strangerEventLines: 4, strangerLinesAtEdges: 2 },
    'fail',
  ],
  ['a stranger nobody counted', accountingCloses, { strangerEventLines: 1 }, 'fail'],
  ['as many signals as denials', signalsEqualDenials, {}, 'pass'],
  ['a signal missing', signalsEqualDenials, { attempts: { ...quiet, signals: 989 } }, 'fail'],
  ['a victim that lived', signalsEqualDenials, { victims: { ...victims, signalled: 9 } }, 'fail'],
  [
    'no victim',
    signalsEqualDenials,
    { victims: { ...victims, run: 0, signalled: 0 } },
    'inconclusive',
  ],
  ['signals where none belong', signalsEqualDenials, { enforceSignal: 'none' }, 'fail'],
] as const)('%s is judged: %o', (_, judge, changes, verdict) => {
  expect(judge(soak(changes)).verdict).toBe(verdict);
});

test('the rate is of the time in which the attempts were made', () => {
  const late = soak({ attemptsPerSecond: 499.6, attempts: { ...quiet, attempts: 193_000 } });
  expect(ranInFull(late).explanation).toContain('500/s of SOAK_RATE=500/s asked');
});

test('the message of a death holds its instant and its cause', () => {
  expect(agentStayedAlive(soak(dead)).explanation).toMatch(/12\.3 s into the soak: SIGSEGV/);
});

test('the accounts close exactly when attempts, decisions, lines and drops agree', () => {
  const few = fc.nat({ max: 6 });
  fc.assert(
    fc.property(few, few, few, few, few, few, (attempts, run, decided, own, strangers, drops) => {
      const judged = accountingCloses(
        soak({
          attempts: { ...quiet, attempts },
          victims: { ...victims, run },
          ownDecisions: known(decided),
          ownEventLines: own,
          strangerEventLines: strangers,
          drops: known(drops),
        }),
      );
      const lost = decided - own - strangers;
      const agree = decided === attempts + run + strangers && lost >= 0 && lost <= drops;
      expect(judged.verdict).toBe(agree ? 'pass' : 'fail');
    }),
    propertyRuns(),
  );
});
