import { expect, test } from 'vitest';
import type { JudgedLine } from './judge-lines.ts';
import { judgeUnderUnit } from './under-unit.ts';

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
