import { expect, test } from 'vitest';
import { judgeUpgrade, type UpgradedLine } from './upgrade.ts';

const refused = (errno: string) => ({ outcome: 'refused', errno, call: `${errno}: call` }) as const;
const FREE = { outcome: 'passed' } as const;
const denied = (route: UpgradedLine['line']['route'], answer: UpgradedLine['answer']) =>
  ({ line: { kind: 'root', route, expected: 'denied' }, answer }) as const;
const exempt = (answer: UpgradedLine['answer']): UpgradedLine => ({
  line: { kind: 'exempt', route: 'read', expected: 'open' },
  answer,
});

test.each<[string, readonly UpgradedLine[], string, RegExp]>([
  [
    'keeps all',
    [denied('read', refused('EPERM')), exempt(FREE)],
    'pass',
    /^2 routes by rules that version 0\.9\.0 made/,
  ],
  [
    'loses a rule',
    [denied('read', refused('EPERM')), denied('exec-by-name', FREE), denied('exec', 'was killed')],
    'fail',
    /are lost .*: exec of a program by its denied name by root goes through; a node/,
  ],
  [
    'loses an exemption',
    [exempt(refused('EPERM'))],
    'fail',
    /open for reading by a process in an allowed cgroup is denied;/,
  ],
  [
    'meets another error',
    [denied('read', refused('ENOENT')), exempt(FREE)],
    'inconclusive',
    /these rules of version 0\.9\.0 .*: open for reading by root \(ENOENT\)$/,
  ],
  ['gives no answer', [exempt('was killed')], 'inconclusive', /an allowed cgroup \(was killed\)$/],
  ['has nothing to keep', [], 'inconclusive', /^version 0\.9\.0 enforced none of the rules/],
])('an upgrade that %s', (_, lines, verdict, words) => {
  const judged = judgeUpgrade(lines, '0.9.0', 'upgrade.json');
  expect(judged.verdict).toBe(verdict);
  expect(judged.explanation).toMatch(words);
});
