import { expect, test } from 'vitest';
import type { JudgedLine } from './judge-lines.ts';
import { hiddenUnder, judgeUnderUnit, strandedUnder } from './under-unit.ts';

const line = (route: string, verdict: JudgedLine['verdict'], text = `${route} ${verdict}`) =>
  ({ taken: { line: { kind: 'root', route } }, verdict, text }) as JudgedLine;
const FREE = [line('read', 'pass'), line('write', 'pass'), line('truncate', 'fail')];

test.each<[string, readonly JudgedLine[], readonly JudgedLine[], string, RegExp]>([
  [
    'as without',
    [line('read', 'pass'), line('write', 'pass'), line('truncate', 'fail')],
    FREE,
    'pass',
    /^2 routes as without the limits of a\.service/,
  ],
  [
    'worse',
    [line('read', 'pass'), line('write', 'fail', 'open for writing went through')],
    FREE,
    'fail',
    /^1 route worse under the limits of a\.service than without them: open for writing went through; so it is in production/,
  ],
  [
    'untold',
    [line('read', 'inconclusive'), line('write', 'not run')],
    FREE,
    'inconclusive',
    /^nobody knows what comes of 2 routes/,
  ],
  [
    'without a route that passed',
    [line('truncate', 'fail')],
    FREE,
    'inconclusive',
    /^no route was/,
  ],
])('routes that are %s', (_, limited, free, verdict, words) => {
  const judged = judgeUnderUnit(limited, free, 'a.service', 'routes.json');
  expect(judged).toMatchObject({ verdict, explanation: expect.stringMatching(words) });
});

test('a running program of the survival list is stranded where its routes were free without the limits alone', () => {
  const survival = (expected: string, verdict: JudgedLine['verdict']) =>
    ({
      taken: { line: { kind: 'root', route: 'survivor-read', group: 'survival', expected } },
      verdict,
      text: '',
    }) as JudgedLine;
  const [free, denied] = [survival('free', 'pass'), survival('free', 'fail')];
  expect(strandedUnder([denied], [free])).toEqual([denied]);
  expect(strandedUnder([free], [free])).toEqual([]);
  expect(strandedUnder([denied], [denied])).toEqual([]);
  // That its copy is not denied is no matter of the list.
  expect(strandedUnder([survival('denied', 'fail')], [survival('denied', 'pass')])).toEqual([]);
});

test('a field that each line of a process tells without the limits alone is hidden under them', () => {
  const told = (kind: string, path: string, verdict: JudgedLine['verdict'] = 'pass') => {
    const events = [{ type: 'block', cgroup_path: path, ppid: 0 }];
    return { taken: { line: { kind, route: 'read' }, events }, verdict, text: '' } as unknown;
  };
  const hidden = (limited: unknown[], free: unknown[]) =>
    hiddenUnder(limited as JudgedLine[], free as JudgedLine[]);
  const free = [told('root', '/a'), told('service', '/b'), told('service', '/b')];
  expect(hidden(free, free)).toBeUndefined();
  // What was there before the agent is found all the same.
  expect(hidden([told('root', '/a'), told('service', '')], free)).toBe(
    'cgroup_path in block lines of a process in a systemd service',
  );
  // Nobody knows, and it was not told in each.
  expect(hidden([told('root', '/a'), told('service', '', 'fail')], free)).toBeUndefined();
  expect(hidden([told('service', '')], [...free, told('service', '')])).toBeUndefined();
});
