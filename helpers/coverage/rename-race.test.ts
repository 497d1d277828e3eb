import { expect, test } from 'vitest';
import type { OwnDecision } from '../agent/stream/event-log.ts';
import { judgeRace, type Opened, type Racer } from './rename-race.ts';

const DENIED = { dev: 7, ino: 8 };

const event = (ino = DENIED.ino): OwnDecision => ({
  ...{ type: 'block', action: 'BLOCK', pid: 1, ppid: 1, start_time: 1, parent_start_time: 1 },
  ...{ cgid: 1, cgroup_path: '/', comm: 'node', dev: DENIED.dev, ino },
});

/** Three opens were refused and told, and two went through. */
const racer = (opened: Partial<Opened> = {}, events: readonly OwnDecision[] = told(3)): Racer => ({
  opened: { kind: 'opened', denied: 0, free: 2, refused: { EPERM: 3 }, turns: 40, ...opened },
  events,
});
const told = (count: number) => Array.from({ length: count }, () => event());

const judge = (racers: readonly Racer[], dropped: number | 'untold' = 0) =>
  judgeRace(racers, 900, DENIED, dropped === 'untold' ? undefined : dropped, 'race.json');

test('a denied file that alone is refused, each time with an event, passes', () => {
  const judgement = judge([racer(), racer()]);
  expect(judgement.verdict).toBe('pass');
  expect(judgement.explanation).toBe(
    '6 opens of a denied file were refused with one event each, and 4 of a free one went through, while both changed places 900 times',
  );
});

test.each<[string, Racer, RegExp]>([
  ['an open of the denied file', racer({ denied: 1 }), /^1 of 4 opens of a denied file went/],
  ['another errno', racer({ refused: { EPERM: 3, EIO: 1 } }), /refused with EIO.*expected EPERM/],
  ['an event of the free file', racer({}, [...told(3), event(9)]), /^1 event of these .*"ino":9/],
  ['a refusal without an event', racer({}, told(2)), /3 .* and 2 events name .* may have been/],
  ['an event too many', racer({}, told(4)), /^3 opens were refused, and 4 events name the denied/],
])('%s fails', (_, one, words) => {
  const judgement = judge([one]);
  expect(judgement.verdict).toBe('fail');
  expect(judgement.explanation).toMatch(words);
});

test.each<number | 'untold'>([1, 'untold'])(
  'an event that the agent may have dropped (%s) is missing evidence',
  (dropped) => {
    expect(judge([racer({}, told(2))], dropped)).toMatchObject({ verdict: 'inconclusive' });
  },
);

test.each([
  ['names that hardly change places', racer({ turns: 3 })],
  ['a race that met the free file alone', racer({ refused: {} }, [])],
])('%s are no race', (_, one) => {
  expect(judge([one])).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringMatching(/too seldom for a race/),
  });
});
