import { expect, test } from 'vitest';
import { judgeRules } from './rule-commands.ts';

const SOURCE = 'commands.ndjson';
const WHAT = 'taken away and put back by a command each';
const words = 'network deny add --ip 127.83.7.9';

test('rules that were gone and are back pass, and what could not be tried is told', () => {
  const judged = judgeRules(
    [{ words }, { words: 'allow add /x', notRun: 'no cgroup' }],
    WHAT,
    SOURCE,
  );
  expect(judged).toMatchObject({ verdict: 'pass', value: 1, limit: 1 });
  expect(judged.explanation).toContain('not tried: `allow add /x` (no cgroup)');
});

test('one command that lied fails, whatever is unknown besides', () => {
  const lied = { words, problem: 'exited with 0, and a UDP connect went through' };
  const judged = judgeRules([{ words }, lied, { words, unknown: 'no answer' }], WHAT, SOURCE);
  expect(judged).toMatchObject({ verdict: 'fail', value: 1, limit: 2 });
  expect(judged.explanation).toContain(lied.problem);
});

test.each([
  ['an attempt that told nothing', [{ words }, { words, unknown: 'its process ended' }]],
  ['nothing that could be tried', [{ words, notRun: 'this version has no [deny_ip]' }]],
  ['no rule at all', []],
])('%s is no pass', (_, tried) => {
  expect(judgeRules(tried, WHAT, SOURCE).verdict).toBe('inconclusive');
});
