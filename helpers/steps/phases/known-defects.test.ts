import { writeFileSync } from 'node:fs';
import { fileSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../../criteria/judgement.ts';
import type { Defect } from '../../settings/known-defects.ts';
import { readSettings } from '../../settings/settings.ts';
import { judgeDefect } from './known-defects.ts';

let file: ReturnType<typeof fileSync>;
beforeEach(() => {
  file = fileSync();
});
afterEach(() => file.removeCallback());

const finding: Finding = { title: 't', severity: 'high', detail: 'it leaks' };
const accepted = (until: string) =>
  `- {defect: rollback-record, acceptedBy: Ada, reason: known, until: ${until}}\n`;

function judge(
  text: string | undefined,
  id: Defect = 'rollback-record',
  now = '2026-11-23T12:00:00Z',
) {
  if (text !== undefined) writeFileSync(file.name, text);
  const settings = readSettings(text === undefined ? {} : { KNOWN_DEFECTS: file.name });
  return judgeDefect(settings, id, finding, { value: 1 }, new Date(now));
}

test('a list in another encoding is refused with the line', () => {
  writeFileSync(file.name, Buffer.from('- defect: leak\n  acceptedBy: René\n', 'latin1'));
  expect(() => readSettings({ KNOWN_DEFECTS: file.name })).toThrow(
    'line 2, column 18: the byte 0xE9',
  );
});

test('a defect that nobody accepted fails, and its finding is reported', () => {
  expect(judge(undefined)).toMatchObject({ verdict: 'fail', findings: [finding], value: 1 });
  expect(judge(accepted('2099-01-01'), 'layout-mismatch')).toMatchObject({ verdict: 'fail' });
});

test('an accepted defect passes to the end of its last day, still reported', () => {
  const text = accepted('2026-11-23');
  const lastMoment = judge(text, 'rollback-record', '2026-11-23T23:59:59.999Z');
  expect(lastMoment).toMatchObject({ verdict: 'pass', findings: [finding] });
  expect(lastMoment.explanation).toContain('accepted until 2026-11-23 by Ada: known');
  expect(judge(text, 'rollback-record', '2026-11-24T00:00:00Z')).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringContaining('which has passed'),
  });
});

test.each([
  'no: list',
  '- {defect: rollback-record, acceptedBy: Ada, reason: known}',
  '- {defect: rollback-record, acceptedBy: "", reason: known, until: 2099-01-01}',
  accepted('2026-02-30'),
  accepted('soon'),
  '- "unclosed',
  '',
  accepted('2099-01-01').replace('rollback-record', 'rollback-recrod'),
])('a list of known defects that cannot be used is refused at the start: %j', (text) => {
  expect(() => judge(text)).toThrow(`KNOWN_DEFECTS="${file.name}": cannot be used`);
});

test('a finding that is misspelt is named with those that there are', () => {
  const text = accepted('2099-01-01').replace('rollback-record', 'rollback-recrod');
  expect(() => judge(text)).toThrow(
    /no finding is called "rollback-recrod"; there are .*rollback-record, .*policy-accepted-huge/,
  );
});

test('a list of known defects that is missing is refused at the start', () => {
  expect(() => readSettings({ KNOWN_DEFECTS: `${file.name}.absent` })).toThrow(/ENOENT/);
});

test('what happens to the list during the run changes nothing', () => {
  writeFileSync(file.name, accepted('2099-01-01'));
  const settings = readSettings({ KNOWN_DEFECTS: file.name });
  writeFileSync(file.name, 'no: list');
  expect(judgeDefect(settings, 'rollback-record', finding, {}).verdict).toBe('pass');
});
