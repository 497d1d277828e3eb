import { writeFileSync } from 'node:fs';
import { fileSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../../criteria/judgement.ts';
import { readSettings } from '../../settings/settings.ts';
import { judgeDefect, knownDefectsProblem } from './known-defects.ts';

let file: ReturnType<typeof fileSync>;
beforeEach(() => {
  file = fileSync();
});
afterEach(() => file.removeCallback());

const finding: Finding = { title: 't', severity: 'high', detail: 'it leaks' };
const accepted = (until: string) =>
  `- {defect: leak, acceptedBy: Ada, reason: known, until: ${until}}\n`;

function judge(text: string | undefined, id = 'leak', now = '2026-11-23T12:00:00Z') {
  if (text !== undefined) writeFileSync(file.name, text);
  const settings = {
    ...readSettings({}),
    // Not through readSettings, which refuses at the start what was spoilt by then.
    ...(text === undefined ? {} : { KNOWN_DEFECTS: file.name }),
  };
  return judgeDefect(settings, id, finding, { value: 1 }, new Date(now));
}

test('a list in another encoding is refused with the line', () => {
  writeFileSync(file.name, Buffer.from('- defect: leak\n  acceptedBy: René\n', 'latin1'));
  expect(knownDefectsProblem(file.name)).toContain('line 2, column 18: the byte 0xE9');
});

test('a defect that nobody accepted fails, and its finding is reported', () => {
  expect(judge(undefined)).toMatchObject({ verdict: 'fail', findings: [finding], value: 1 });
  expect(judge(accepted('2099-01-01'), 'another')).toMatchObject({ verdict: 'fail' });
});

test('an accepted defect passes to the end of its last day, still reported', () => {
  const text = accepted('2026-11-23');
  const lastMoment = judge(text, 'leak', '2026-11-23T23:59:59.999Z');
  expect(lastMoment).toMatchObject({ verdict: 'pass', findings: [finding] });
  expect(lastMoment.explanation).toContain('accepted until 2026-11-23 by Ada: known');
  expect(judge(text, 'leak', '2026-11-24T00:00:00Z')).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringContaining('which has passed'),
  });
});

test.each([
  'no: list',
  '- {defect: leak, acceptedBy: Ada, reason: known}',
  '- {defect: leak, acceptedBy: "", reason: known, until: 2099-01-01}',
  accepted('2026-02-30'),
  accepted('soon'),
  '- "unclosed',
  '',
])('a list of known defects that cannot be read accepts nothing: %j', (text) => {
  expect(() => judge(text)).toThrow(
    expect.objectContaining({
      judgement: expect.objectContaining({
        verdict: 'inconclusive',
        explanation: expect.stringContaining(`KNOWN_DEFECTS=${file.name} cannot be used`),
      }),
    }),
  );
});

test('a list of known defects that is missing is inconclusive', () => {
  const settings = { ...readSettings({}), KNOWN_DEFECTS: `${file.name}.absent` };
  expect(() => judgeDefect(settings, 'leak', finding, {})).toThrow(/ENOENT/);
});
