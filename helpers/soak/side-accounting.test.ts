import { expect, test } from 'vitest';
import { NotApplicable } from '../criteria/judgement.ts';
import { type SideResult, type SoakResult, soakResult } from './result.ts';
import { networkAccounted, operationsAccounted } from './side-accounting.ts';

const known = (value: number) => ({ known: true as const, value, source: 'a scrape' });
const attempts = { attempts: 10, allowed: 0, eperm: 10, otherErrno: {}, signals: 10, skipped: 0 };

const ofRoute = (all: typeof attempts) => {
  const { attempts, allowed, eperm, otherErrno } = all;
  return { ...all, routes: { hardlink: { attempts, allowed, eperm, otherErrno } } };
};

/** Ten hard links in enforce mode, all refused and accounted for. */
const well: SideResult = {
  target: '/x',
  attempts: ofRoute(attempts),
  ...{ notRun: [], missing: [] },
  decisions: known(10),
  lines: 10,
  linesByRoute: { hardlink: 10 },
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
    operations: result,
    network: result,
    connectHook: true,
    ...more,
  });
}

test('attempts, decisions and lines that agree pass, with the numbers of each operation', () => {
  expect(operationsAccounted(soak({}))).toMatchObject({
    verdict: 'pass',
    explanation:
      '10 attempts by 1 route in turn (hardlink): 10 refused, 10 signals, 10 event lines',
  });
  expect(networkAccounted(soak({})).verdict).toBe('pass');
});

test.each<[string, Partial<SideResult>, string, RegExp]>([
  [
    'one that goes through',
    { attempts: ofRoute({ ...attempts, allowed: 1, eperm: 9 }) },
    'fail',
    /1 of 10/,
  ],
  [
    'another errno',
    { attempts: ofRoute({ ...attempts, eperm: 9, otherErrno: { EACCES: 1 } }) },
    'fail',
    /EACCES × 1, expected EPERM/,
  ],
  [
    'a lost signal',
    { attempts: ofRoute({ ...attempts, signals: 9 }) },
    'fail',
    /9 signals received for 10/,
  ],
  ['a wrong action', { linesByAction: { AUDIT: 10 } }, 'fail', /AUDIT, expected TERM/],
  ['an uncounted decision', { decisions: known(9) }, 'fail', /a gap of 1/],
  [
    'a lost line',
    { lines: 9, linesByRoute: { hardlink: 9 } },
    'fail',
    /1 lines lost without a drop being counted; attempts and event lines by route: hardlink 10 and 9/,
  ],
  ['a line too many', { lines: 11 }, 'fail', /1 lines too many/],
  [
    'a stranger nobody counted',
    { strangerLines: 1 },
    'fail',
    /11 attempts .*\(10 by us, 1 by others\)/,
  ],
  [
    'a line of ours that does not tell who acted',
    { strangerLines: 1, lines: 9 },
    'inconclusive',
    /1 event line on 10 attempts of ours cannot be distinguished from those of others/,
  ],
  [
    'a line lost beside a stranger',
    { strangerLines: 2, decisions: known(12), lines: 9 },
    'fail',
    /1 lines lost/,
  ],
  [
    'a wrong signal behind an attempt without an outcome',
    { attempts: ofRoute({ ...attempts, eperm: 9 }) },
    'fail',
    /10 signals received for 9/,
  ],
  [
    'no attempt',
    {
      attempts: ofRoute({ ...attempts, attempts: 0, eperm: 0, signals: 0 }),
      decisions: known(0),
      lines: 0,
    },
    'inconclusive',
    /no time for hardlink; run longer/,
  ],
  [
    'an unknown counter',
    { decisions: { known: false, reason: 'missing', source: 'x' } },
    'inconclusive',
    /missing/,
  ],
  [
    'an attempt without an outcome',
    { attempts: ofRoute({ ...attempts, eperm: 9, signals: 9 }) },
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

test("in audit a refused attempt is the agent's, one that fails otherwise is nobody's", () => {
  const failed = (all: Partial<typeof attempts>) =>
    operationsAccounted(
      soak(
        {
          attempts: ofRoute({ ...attempts, eperm: 0, allowed: 9, signals: 0, ...all }),
          linesByAction: { AUDIT: 10 },
        },
        { mode: 'audit' },
      ),
    ).verdict;
  expect(failed({ eperm: 1 })).toBe('fail');
  expect(failed({ otherErrno: { EEXIST: 1 } })).toBe('inconclusive');
});

test('every route that is not denied is named, not the first alone', () => {
  const through = { attempts: 5, allowed: 5, eperm: 0, otherErrno: {} };
  const routes = {
    'udp-send': { ...through, allowed: 0, eperm: 5 },
    ...{ 'tcp-connect': through, 'udp-connect': through },
  };
  const all = { ...attempts, attempts: 15, allowed: 10, eperm: 5, signals: 5, routes };
  expect(networkAccounted(soak({ attempts: all }))).toMatchObject({
    verdict: 'fail',
    explanation:
      'tcp-connect: 5 of 5 attempts went through while the agent enforced; udp-connect: 5 of 5 attempts went through while the agent enforced',
  });
});

test('what went unseen in audit is named by its route', () => {
  const route = { attempts: 5, allowed: 5, eperm: 0, otherErrno: {} };
  const all = { ...attempts, allowed: 10, eperm: 0, signals: 0 };
  const side = {
    attempts: { ...all, routes: { append: route, exec: route } },
    ...{ decisions: known(7), lines: 7, linesByRoute: { append: 2, exec: 5 } },
    linesByAction: { AUDIT: 7 },
  };
  expect(operationsAccounted(soak(side, { mode: 'audit' }))).toMatchObject({
    verdict: 'fail',
    explanation:
      'operations: 10 attempts were made, and the agent counted 7 decisions on their subject: a gap of 3; attempts and event lines by route: append 5 and 2',
  });
});

test('a route that the host cannot take is told beside those that pass, and alone it is not run', () => {
  const notRun = ['exec does not work here without a rule either (EACCES)'];
  expect(operationsAccounted(soak({ notRun }))).toMatchObject({
    verdict: 'pass',
    explanation: expect.stringMatching(/event lines; besides exec does not work here/),
  });
  const none = { notRun, attempts: { ...attempts, attempts: 0, eperm: 0, signals: 0 } };
  expect(() => operationsAccounted(soak(none))).toThrow(NotApplicable);
});

test('a route without the hook that is promised for it is missing evidence', () => {
  const missing = ['udp-send: the agent did not attach lsm_socket_sendmsg'];
  expect(networkAccounted(soak({ missing })).verdict).toBe('inconclusive');
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
