import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { ownEventLine } from '../../../fixtures/examples/own-event-line.ts';
import { EventLog } from '../../agent/stream/event-log.ts';
import { OwnOpens } from './own-opens.ts';

const FILE = { dev: 7, ino: 8 };

/** Lives of an agent that each denied so many opens and wrote so many lines on them. */
async function judged(
  lives: readonly (readonly [denied: number, lines: number])[],
  drops?: number,
) {
  const folder = dirSync({ unsafeCleanup: true });
  const opens = new OwnOpens('the file', [FILE], '/usr/bin/aegisbpf');
  opens.started(process.pid);
  for (const [index, [denied, lines]] of lives.entries()) {
    const events = new EventLog(join(folder.name, `${index}.ndjson`));
    opens.follow(events);
    events.push(Buffer.from(ownEventLine(FILE).repeat(lines)));
    opens.wereDenied(denied, events);
    await events.end();
  }
  folder.removeCallback();
  return opens.judge('events', drops);
}

test.each([
  [
    'lines in each life',
    [
      [9, 9],
      [5, 5],
    ],
    0,
    'pass',
    /^14 event lines of ours compared/,
  ],
  [
    'a life that denied nothing',
    [
      [9, 9],
      [0, 0],
    ],
    0,
    'pass',
    /^9 event lines/,
  ],
  [
    'no line in the second life and no drop',
    ...[
      [
        [9, 9],
        [5, 0],
      ],
      0,
      'fail',
    ],
    /^in life 2 of 2 the agent denied 5 opens of the file and wrote no event line on them; it counted 0 drops$/,
  ],
  [
    'no line in the first life and fewer drops',
    ...[
      [
        [9, 0],
        [5, 5],
      ],
      8,
      'fail',
    ],
    /^in life 1 of 2 the agent denied 9 opens/,
  ],
  [
    'no line in the second life and as many drops',
    ...[
      [
        [9, 9],
        [5, 0],
      ],
      5,
      'inconclusive',
    ],
    /^in life 2 of 2 .* wrote no event line on them, as far as they arrived$/,
  ],
  [
    'no line where nobody counted drops',
    [
      [9, 9],
      [5, 0],
    ],
    undefined,
    'inconclusive',
    /^in life 2 of 2/,
  ],
  ['no line at all', [[9, 0]], undefined, 'inconclusive', /no event line of ours/],
] as [string, [number, number][], number | undefined, string, RegExp][])(
  '%s',
  async (_, lives, drops, verdict, explanation) => {
    expect(await judged(lives, drops)).toMatchObject({
      verdict,
      explanation: expect.stringMatching(explanation),
    });
  },
);
