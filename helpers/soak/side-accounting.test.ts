import { expect, test } from 'vitest';
import { type SideResult, type SoakResult, soakResult } from './result.ts';
import { networkAccounted, operationsAccounted } from './side-accounting.ts';

const known = (value: number) => ({ known: true as const, value, source: 'a scrape' });
const attempts = { attempts: 10, allowed: 0, eperm: 10, otherErrno: {}, signals: 10, skipped: 0 };

/** Ten hard links in enforce mode, all refused and accounted for. */
const well: SideResult = {
  operation: 'hardlink',
  target: '/x',
  attempts,
  decisions: known(10),
  lines: 10,
  strangerLines: 0,
  strangerLinesAtEdges: 0,
  linesByAction: { TERM: 10 },
};

function soak(side: Partial<SideResult>, more: Partial<SoakResult> = {}): SoakResult {
  const result = { ...well, ...side };
  return soakResult.parse({
    ...{ mode: 'enforce', enforceSignal: 'term', startedAt: '', endedAt: '' },
    ...{ askedSeconds: 1, measuredSeconds: 1, wallSeconds: 1, bootSeconds: 1 },
    ...{ attempts, askedRate: 1, workers: 1, hostDecisions: 0, linesByAction: {} },
    victims: { run: 0, signalled: 0, read: 0, denied: 0, other: [] },
    ...{ decisions: known(0), drops: known(0), ownDecisions: known(0) },
    ...{ ownEventLines: 0, strangerEventLines: 0, rss: { samples: 0 } },
    samples: { taken: 1, failed: 0, source: '' },
    agent: { alive: true, pid: 1 },
    ...{ stateChanges: [], errors: [] },
    streamDefects: { notJson: 0, invalid: 0, oversized: 0, samples: [] },
    operations: [result],
    network: [result],
    connectHook: true,
    ...more,
  });
}

test('attempts, decisions and lines that agree pass, with the numbers of each operation', () => {
  expect(operationsAccounted(soak({}))).toMatchObject({
    verdict: 'pass',
    explanation: 'hardlink: 10 attempts, 10 refused, 10 signals, 10 event lines',
  });
  expect(networkAccounted(soak({})).verdict).toBe('pass');
});

test.each<[string, Partial<SideResult>, string, RegExp]>([
  ['one that goes through', { attempts: { ...attempts, allowed: 1, eperm: 9 } }, 'fail', /1 of 10/],
  [
    'another errno',
    { attempts: { ...attempts, eperm: 9, otherErrno: { EACCES: 1 } } },
    'fail',
    /EACCES × 1, expected EPERM/,
  ],
  [
    'a link that is refused before there is anything to open',
    { attempts: { ...attempts, eperm: 9, otherErrno: { 'EPERM from link': 1 } } },
    'fail',
    /EPERM from link × 1, expected EPERM/,
  ],
  ['a lost signal', { attempts: { ...attempts, signals: 9 } }, 'fail', /9 signals received for 10/],
  ['a wrong action', { linesByAction: { AUDIT: 10 } }, 'fail', /AUDIT, expected TERM/],
  ['an uncounted decision', { decisions: known(9) }, 'fail', /a gap of 1/],
  ['a lost line', { lines: 9 }, 'fail', /1 lines lost without a drop/],
  ['a line too many', { lines: 11 }, 'fail', /1 lines too many/],
  [
    'a stranger nobody counted',
    { strangerLines: 1 },
    'fail',
    /11 attempts .*\(10 by us, 1 by others\)/,
  ],
  [
    'a line lost beside a stranger',
    { strangerLines: 2, decisions: known(12), lines: 9 },
    'fail',
    /1 lines lost/,
  ],
  [
    'a wrong signal behind an attempt without an outcome',
    { attempts: { ...attempts, eperm: 9 } },
    'fail',
    /10 signals received for 9/,
  ],
  ['no attempt', { attempts: { ...attempts, attempts: 0 } }, 'inconclusive', /run longer/],
  [
    'an unknown counter',
    { decisions: { known: false, reason: 'missing', source: 'x' } },
    'inconclusive',
    /missing/,
  ],
  [
    'an attempt without an outcome',
    { attempts: { ...attempts, eperm: 9, signals: 9 } },
    'inconclusive',
    /only 9 have an outcome/,
  ],
])('%s is found', (_, side, verdict, says) => {
  const judged = operationsAccounted(soak(side));
  expect(judged.explanation).toMatch(says);
  expect(judged.verdict).toBe(verdict);
});

test.each([
  [1, 0, 11],
  [3, 2, 12],
  [3, 2, 15],
])(
  '%i attempts of other programs, %i of them at the edges, are allowed for: %i decisions',
  (others, edge, decided) => {
    const side = { strangerLines: others, strangerLinesAtEdges: edge, decisions: known(decided) };
    const judged = operationsAccounted(soak(side));
    expect(judged).toMatchObject({
      verdict: 'pass',
      explanation: expect.stringMatching(new RegExp(`and ${others} event lines? by others`)),
    });
  },
);

test('in audit a refused link is the agent’s, a failed one is nobody’s', () => {
  const failed = (outcome: string) =>
    operationsAccounted(
      soak(
        {
          attempts: { ...attempts, eperm: 0, allowed: 9, signals: 0, otherErrno: { [outcome]: 1 } },
          linesByAction: { AUDIT: 10 },
        },
        { mode: 'audit' },
      ),
    ).verdict;
  expect(failed('EPERM from link')).toBe('fail');
  expect(failed('EEXIST from link')).toBe('inconclusive');
});

test('every way that is not denied is named, not the first alone', () => {
  const through = { attempts: { ...attempts, allowed: 10, eperm: 0, signals: 0 } };
  const both = ['tcp-connect', 'udp-connect'].map((operation) => ({
    ...well,
    ...through,
    operation,
  }));
  expect(networkAccounted(soak({}, { network: [well, ...both] }))).toMatchObject({
    verdict: 'fail',
    explanation:
      'tcp-connect: 10 of 10 attempts went through while the agent enforced; udp-connect: 10 of 10 attempts went through while the agent enforced',
  });
});

test('a line that is missing is excused by a drop that the agent admits', () => {
  expect(operationsAccounted(soak({ lines: 9 }, { drops: known(1) })).verdict).toBe('pass');
});

test('without a connect hook nothing is said of network rules', () => {
  expect(networkAccounted(soak({}, { connectHook: false }))).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining('attached no connect hook'),
  });
});

test('a dead agent is judged elsewhere', () => {
  const dead = soak({}, { agent: { alive: false, starts: 1, pid: 1 } });
  expect(operationsAccounted(dead).verdict).toBe('inconclusive');
});
