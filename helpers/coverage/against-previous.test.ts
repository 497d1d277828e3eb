import { expect, test } from 'vitest';
import { judgeAgainstPrevious, lostFields, routeFindings } from './against-previous.ts';
import type { JudgedLine } from './judge-lines.ts';
import { type Kind, type Route, TABLE } from './table.ts';

type Verdict = JudgedLine['verdict'];

function judged(verdict: Verdict, kind: Kind = 'root', route: Route = 'read'): JudgedLine {
  const line = TABLE.find((one) => one.kind === kind && one.route === route);
  if (line === undefined) throw new Error(`no ${route} by ${kind}`);
  const text = `${route} by ${kind}: ${verdict}`;
  return { taken: { line, answer: { outcome: 'passed' }, events: [] }, verdict, text };
}

const compared = (candidate: readonly JudgedLine[], previous: readonly JudgedLine[]) => {
  const findings = routeFindings(candidate, previous);
  const judgement = judgeAgainstPrevious(findings, '0.9.0', 'coverage/previous.json');
  return { changes: findings.map(({ change }) => change), ...judgement };
};

test.each<[Verdict, Verdict | 'not taken', readonly string[], string]>([
  ['pass', 'pass', [], 'pass'],
  ['pass', 'fail', ['fixed'], 'pass'],
  ['pass', 'inconclusive', [], 'pass'],
  ['pass', 'not taken', [], 'pass'],
  ['fail', 'pass', ['new'], 'fail'],
  ['fail', 'fail', ['same'], 'pass'],
  ['fail', 'inconclusive', ['no data'], 'inconclusive'],
  ['fail', 'not run', ['no data'], 'inconclusive'],
  ['fail', 'not taken', ['no data'], 'inconclusive'],
  ['inconclusive', 'pass', ['no data'], 'inconclusive'],
  ['inconclusive', 'fail', ['no data'], 'inconclusive'],
  ['not run', 'pass', ['new'], 'fail'],
  ['not run', 'not run', [], 'pass'],
])(
  'a route that is %s with the candidate and %s with the previous version',
  (now, was, changes, verdict) => {
    const previous = was === 'not taken' ? [] : [judged(was)];
    expect(compared([judged(now)], previous)).toMatchObject({ changes, verdict });
  },
);

test('a near miss that the candidate cannot try is nothing that it lost', () => {
  const [now, was] = [
    judged('not run', 'neighbour', 'beside'),
    judged('pass', 'neighbour', 'beside'),
  ];
  expect(was.taken.line.expected).toBe('open');
  expect(compared([now], [was])).toMatchObject({ changes: [], verdict: 'pass' });
});

test('what is new outweighs what nobody knows, and is named with what is fixed and the same', () => {
  const [read, write, append] = ['read', 'write', 'append'] as const;
  const { verdict, explanation, value } = compared(
    [judged('fail'), judged('inconclusive', 'root', write), judged('pass', 'root', append)],
    [judged('pass', 'root', read), judged('fail', 'root', append)],
  );
  expect([verdict, value]).toEqual(['fail', 1]);
  expect(explanation).toBe(
    '1 route worse than with version 0.9.0: read by root: fail; fixed: 1 (open for appending by root), the same: 0',
  );
});

test('a rule that the candidate alone cannot make any more is lost, though neither version was tried on it', () => {
  // The policy of both lacks that section, so an open went through with the previous version as well.
  const [now, was] = [judged('not run'), judged('fail')];
  const [near, nearWas] = [
    judged('not run', 'neighbour', 'beside'),
    judged('pass', 'neighbour', 'beside'),
  ];
  expect(routeFindings([now, near], [was, nearWas], () => '[deny_comm]')).toMatchObject([
    {
      change: 'new',
      candidate: 'open for reading by root: the candidate does not know [deny_comm]',
      previous: 'knows [deny_comm]',
    },
  ]);
});

test('a field that every line of a type had, and none has any more, is lost', () => {
  const told = (...events: readonly object[]): JudgedLine => {
    const { taken, ...line } = judged('pass');
    return { ...line, taken: { ...taken, events: events as JudgedLine['taken']['events'] } };
  };
  const before = [
    told({ type: 'block', pid: 1, uid: 0, path: '/a' }, { type: 'block', pid: 2, uid: 0 }),
  ];
  const [block] = [{ type: 'block', pid: 1 }];
  expect(lostFields([told(block)], before)).toEqual(['uid in lines of type block']);
  expect(lostFields([told(block, { ...block, uid: 0 })], before)).toEqual([]);
  // No line of the type is no line without the field.
  expect(lostFields([told()], before)).toEqual([]);
  expect(lostFields([told({ ...block, uid: 0, more: 1 })], [told()])).toEqual([]);
});
