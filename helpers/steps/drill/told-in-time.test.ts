import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterAll, expect, test } from 'vitest';
import { type FirstLine, firstLine, judgeFirstLine } from './told-in-time.ts';

const folder = dirSync({ unsafeCleanup: true });
afterAll(() => folder.removeCallback());

const SETTINGS = { knownDefects: [] };

test.each<[string, FirstLine | undefined, string, RegExp]>([
  ['that came', { came: 'alone', ms: 12 }, 'pass', /in the file after 12 ms, with no other/],
  ['held back', { came: 'behind others' }, 'fail', /^finding "events-held-back" \(medium/],
  [
    'that never came',
    { came: 'never' },
    'inconclusive',
    /never came, not even behind 60 others: who/,
  ],
  [
    'of no denial',
    { came: 'not tried', outcome: 'allowed' },
    'inconclusive',
    /was allowed and not/,
  ],
  ['of nobody', undefined, 'inconclusive', /did not get ready/],
])('a line %s', (_, line, verdict, words) => {
  const judged = judgeFirstLine(line, SETTINGS, 'agent.stdout.ndjson');
  expect(judged).toMatchObject({ verdict, explanation: expect.stringMatching(words) });
});

test('a line is found whether it is there before, comes with others or not at all', async () => {
  const path = join(folder.name, 'lines');
  const write = (pid: number) => appendFileSync(path, `{"type":"block","pid":${pid},"ino":7}\n`);
  write(12);
  expect(await firstLine(path, 12, () => Promise.resolve())).toMatchObject({ came: 'alone' });
  const behind = await firstLine(path, 34, () => Promise.resolve(write(34)));
  expect(behind).toEqual({ came: 'behind others' });
});
