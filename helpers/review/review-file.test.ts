import { writeFileSync } from 'node:fs';
import { dirSync } from 'tmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunDirectory } from '../evidence/run-directory.ts';
import { readKnownEvents } from '../settings/known-events.ts';
import { REVIEW_FILE, readReview } from './review-file.ts';

let folder: ReturnType<typeof dirSync>;
beforeAll(() => {
  folder = dirSync({ unsafeCleanup: true });
});
afterAll(() => folder.removeCallback());

const REVIEW = `groups:
  - group: '"block" | "/srv/a" | "cat" | "cron.service" | "AUDIT"'
    phase: audit
    verdict: pending
    severity: high
    resolution: null
    note: null
    reviewer: "René"
    date: 2026-11-23
    expires: null
    count: 3
    firstSeen: 2026-11-23T14:00:00.000Z
    lastSeen: 2026-11-23T14:01:00.000Z
    example: '{"type":"block"}'
`;
const OTHER_ENCODING = 'the byte 0xE9 is not UTF-8 (in windows-1252 it is "é")';

function written(encoding: 'latin1' | 'utf8' | 'utf16le'): RunDirectory {
  const run = new RunDirectory(folder.name);
  writeFileSync(run.file(REVIEW_FILE), Buffer.from(REVIEW, encoding));
  return run;
}

test('a review in another encoding is refused with the line, and never read with other names', () => {
  expect(readReview(written('utf8'))).toMatchObject({ ok: true, groups: [{ reviewer: 'René' }] });
  expect(readReview(written('latin1'))).toMatchObject({
    ok: false,
    reason: expect.stringContaining(`line 8, column 19: ${OTHER_ENCODING}`),
  });
  expect(readReview(written('utf16le'))).toMatchObject({
    ok: false,
    reason: expect.stringContaining('UTF-16 (little endian)'),
  });
});

test('so are the verdicts of a former run', () => {
  const path = written('latin1').file(REVIEW_FILE);
  expect(readKnownEvents(path)).toEqual({
    ok: false,
    problems: [expect.stringContaining(OTHER_ENCODING)],
  });
});
