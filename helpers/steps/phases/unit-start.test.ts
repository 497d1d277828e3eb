import { expect, test } from 'vitest';
import type { UnitDefect } from '../../coverage/unit-defect.ts';
import type { UnitStart } from '../../coverage/unit-start.ts';
import type { KnownDefects } from '../../settings/known-defects.ts';
import { judgeUnitStart } from './unit-start.ts';

const START: UnitStart = {
  ...{ options: ['--enforce', ''], restart: 'on-failure', restartMs: 5000 },
  ...{ longestMs: 5000, starts: 5, startsMs: 300_000, found: [], unknown: [], told: ['a thing'] },
};
const defect = (name: UnitDefect['defect']): UnitDefect => ({
  ...{ defect: name, title: name, severity: 'high', detail: `${name} it is` },
});
const accepted = (name: UnitDefect['defect']): KnownDefects => [
  { defect: name, acceptedBy: 'somebody', reason: 'on purpose', until: '2099-12-31' },
];
const judge = (start: Partial<Parameters<typeof judgeUnitStart>[1]>, known: KnownDefects = []) =>
  judgeUnitStart('x.service', { ...START, ...start }, { knownDefects: known });

test('a unit without defect passes, with its words and what is to be known of it', () => {
  const { verdict, explanation } = judge({});
  expect(verdict).toBe('pass');
  expect(explanation).toMatch(
    /^x\.service starts the agent with `run --enforce ""`, .*: Restart=on-failure after 5000 ms, 5 starts in 300000 ms; a thing$/,
  );
});

test('a pause that grows is told', () => {
  expect(judge({ longestMs: 30_000 }).explanation).toContain('after 5000 to 30000 ms');
});

test('all defects are told, those that are accepted as well', () => {
  const both = { found: [defect('unit-audits')], refused: defect('unit-does-not-start') };
  const { verdict, explanation, findings } = judge(both, accepted('unit-audits'));
  expect(verdict).toBe('fail');
  expect(explanation).toMatch(
    /^finding "unit-does-not-start" .*x\.service: unit-does-not-start it is/,
  );
  expect(findings?.map(({ title }) => title)).toEqual(['unit-audits', 'unit-does-not-start']);
});

test('what is accepted passes, and says so', () => {
  const { verdict, explanation } = judge(
    { found: [defect('unit-audits')] },
    accepted('unit-audits'),
  );
  expect(verdict).toBe('pass');
  expect(explanation).toContain('accepted until 2099-12-31 by somebody: on purpose');
});

test('what nobody knows is never a pass, and no reason to hide a defect', () => {
  expect(judge({ unknown: ['what it starts'] }).verdict).toBe('inconclusive');
  expect(judge({ unknown: ['x'], found: [defect('unit-stays-down')] }).verdict).toBe('fail');
});
