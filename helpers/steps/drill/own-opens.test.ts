import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test, vi } from 'vitest';
import { ownEventLine } from '../../../fixtures/examples/own-event-line.ts';
import { EventLog } from '../../agent/stream/event-log.ts';
import { OwnOpens } from './own-opens.ts';

const FILE = { dev: 7, ino: 8 };
const OTHER = { dev: 7, ino: 9 };
const TERM = { action: 'TERM' };

interface Life {
  readonly denied: number;
  readonly lines: number;
  /** Where all opens were counted: those whose lines must have arrived. */
  readonly told?: number;
  readonly action?: string;
  /** Where some were counted: those without a line, and the drops that the agent admitted then. */
  readonly untold?: number;
  readonly drops?: number;
}

/** Lives of an agent that each denied so many opens and wrote so many lines on them. */
async function judged(lives: readonly Life[], drops?: number) {
  const folder = dirSync({ unsafeCleanup: true });
  const actions = { denied: ['TERM'], allowed: ['BLOCK'] };
  const opens = new OwnOpens('the file', [FILE], '/usr/bin/aegisbpf', actions);
  opens.started(process.pid);
  for (const [index, life] of lives.entries()) {
    const { denied, lines, told, action = 'TERM', untold = 0 } = life;
    const events = new EventLog(join(folder.name, `${index}.ndjson`));
    opens.follow(events);
    events.push(Buffer.from(ownEventLine(FILE, { action }).repeat(lines)));
    if (told === undefined) opens.wereDenied(denied, events, { untold, drops: life.drops });
    else opens.allDenied(denied, told, events);
    await events.end();
  }
  folder.removeCallback();
  return opens.judge('events', drops);
}
const some = (denied: number, lines: number, more: Partial<Life> = {}): Life => ({
  ...{ denied, lines },
  ...more,
});
const all = (denied: number, lines: number, told = denied): Life => ({ denied, lines, told });

test.each([
  ['lines in each life', [some(9, 9), some(5, 5)], 0, 'pass', /^14 event lines of ours compared/],
  ['a life that denied nothing', [some(9, 9), some(0, 0)], 0, 'pass', /^9 event lines/],
  [
    'no line in the second life and no drop',
    ...[[some(9, 9), some(5, 0, { untold: 5, drops: 0 })], undefined, 'fail'],
    /^in life 2 of 2 the agent denied 5 opens of the file and wrote no event line with action TERM on them; its drops do not explain 5$/,
  ],
  [
    'one open without a line among many, and no drop',
    ...[[some(9, 900, { untold: 1, drops: 0 })], undefined, 'fail'],
    /^in life 1 of 1 .* denied 9 opens .* wrote 8 event lines with action TERM on them; its drops do not explain 1$/,
  ],
  [
    'no line in the first life and fewer drops',
    ...[[some(9, 0, { untold: 9, drops: 8 }), some(5, 5)], undefined, 'fail'],
    /^in life 1 of 2 the agent denied 9 opens .*; its drops do not explain 1$/,
  ],
  [
    'no line in the second life and as many drops',
    ...[[some(9, 9), some(5, 0, { untold: 5, drops: 5 })], undefined, 'inconclusive'],
    /^in life 2 of 2 .* wrote no event line with action TERM on them, as far as they arrived$/,
  ],
  [
    'one open without a line, and a drop',
    ...[[some(9, 8, { untold: 1, drops: 1 })], undefined, 'inconclusive'],
    /^in life 1 of 1 .* wrote 8 event lines .* as far as they arrived$/,
  ],
  [
    'no line where nobody could read the drops',
    [some(9, 9), some(5, 0, { untold: 5 })],
    undefined,
    'inconclusive',
    /^in life 2 of 2/,
  ],
  [
    'no line in the second life, all of whose opens were counted, and no drop',
    [all(9, 9), all(5, 0)],
    0,
    'fail',
    /^in life 2 of 2 the agent denied 5 opens of the file and wrote no event line on them; it counted 0 drops$/,
  ],
  [
    'no line in such a life, and as many drops',
    [all(9, 9), all(5, 0)],
    5,
    'inconclusive',
    /^in life 2 of 2 .* wrote no event line on them, as far as they arrived$/,
  ],
  [
    'one line for a thousand opens',
    [all(1000, 1)],
    0,
    'fail',
    /denied 1000 opens of the file and wrote 1 event line on them; it counted 0 drops$/,
  ],
  ['as many lines as opens in each life', [all(9, 9), all(5, 5)], 0, 'pass', /^14 event lines/],
  ['lines that are missing and dropped', [all(9, 7), all(5, 4)], 3, 'pass', /^11 event lines/],
  [
    'more lines missing than dropped',
    [all(9, 7), all(5, 4)],
    2,
    'fail',
    /^in life 1 of 2 .* wrote 7 event lines on them; it counted 2 drops$/,
  ],
  [
    'lines missing where nobody counted drops',
    [all(9, 9), all(5, 4)],
    undefined,
    'inconclusive',
    /^in life 2 of 2 .* 4 event lines on them, as far as they arrived$/,
  ],
  [
    'lines lost with the ring of a life that ended',
    [all(9, 6, 6), all(5, 5)],
    0,
    'pass',
    /^11 event lines/,
  ],
  ['more lost than that', [all(9, 5, 6), all(5, 5)], 0, 'fail', /^in life 1 of 2/],
  [
    'a line of the open under way at the end',
    [all(9, 10), all(5, 5)],
    0,
    'pass',
    /^15 event lines/,
  ],
  [
    'two lines on each open',
    [all(9, 18), all(5, 5)],
    0,
    'fail',
    /^in life 1 of 2 .* wrote 18 event lines on them: 9 too many$/,
  ],
  ['a few opens counted among many', [some(2, 900)], undefined, 'pass', /^900 event lines/],
  [
    'an action that no mode demands',
    [some(9, 9, { action: 'AUDIT' })],
    0,
    'fail',
    /^9 event lines on the file say AUDIT, expected TERM or BLOCK$/,
  ],
  [
    'denied opens that lines tell as let through',
    [{ ...all(9, 9), action: 'BLOCK' }],
    undefined,
    'inconclusive',
    /denied 9 opens .* wrote 9 event lines/,
  ],
  ['no line at all', [some(9, 0)], undefined, 'inconclusive', /no event line of ours/],
] as [string, Life[], number | undefined, string, RegExp][])(
  '%s',
  async (_, lives, drops, verdict, explanation) => {
    expect(await judged(lives, drops)).toMatchObject({
      verdict,
      explanation: expect.stringMatching(explanation),
    });
  },
);

/** What comes of denied opens of two files by this very process, after these lines were written. */
async function untoldAfter(lines: string) {
  const folder = dirSync({ unsafeCleanup: true });
  const opens = new OwnOpens('files', [FILE, OTHER], '/usr/bin/aegisbpf', {
    ...{ denied: ['TERM'], allowed: ['AUDIT'] },
  });
  const events = new EventLog(join(folder.name, 'events.ndjson'));
  opens.follow(events);
  opens.started(process.pid);
  events.push(Buffer.from(ownEventLine(FILE, { action: 'TERM' }).repeat(2000)));
  opens.keepAnew();
  const denied = [FILE, OTHER].map((file) => ({ file, pid: process.pid }));
  const untold = opens.untold(denied, events);
  events.push(Buffer.from(lines));
  // No line can come any more, and none is waited for.
  await events.end();
  const files = (await untold).map(({ file }) => file);
  folder.removeCallback();
  return files;
}

test.each([
  ['a line on each', ownEventLine(FILE, TERM) + ownEventLine(OTHER, TERM), []],
  ['no line on either', '', [FILE, OTHER]],
  ['lines on one file alone', ownEventLine(FILE, TERM).repeat(9), [OTHER]],
  [
    'denied opens that are told as let through',
    ownEventLine(FILE, TERM) + ownEventLine(OTHER, { action: 'AUDIT' }).repeat(500),
    [OTHER],
  ],
  [
    'a line by another process',
    ownEventLine(FILE, TERM) + ownEventLine(OTHER, { ...TERM, pid: process.ppid }),
    [OTHER],
  ],
])('of opens that were denied, with %s', async (_, lines, untold) => {
  expect(await untoldAfter(lines)).toEqual(untold);
});

test.each([
  ['no drop explains that an earlier one has none', 0, 1000],
  ['each one before has one, or a drop that explains it', 1, 10_000],
])(
  'a line that does not come is waited for as long as it matters: %s',
  async (_, drops, waitMs) => {
    vi.useFakeTimers();
    const folder = dirSync({ unsafeCleanup: true });
    const opens = new OwnOpens('files', [FILE], '/usr/bin/aegisbpf', { denied: [], allowed: [] });
    const events = new EventLog(join(folder.name, 'events.ndjson'));
    opens.follow(events);
    opens.wereDenied(1, events, { untold: 1, drops });
    const waited = vi.fn();
    const untold = opens.untold([{ file: FILE, pid: process.pid }], events).then(waited);
    await vi.advanceTimersByTimeAsync(waitMs - 1);
    expect(waited).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(waited).toHaveBeenCalledOnce();
    vi.useRealTimers();
    await untold;
    await events.end();
    folder.removeCallback();
  },
);

test('a life that is not followed need not tell anything', async () => {
  const opens = new OwnOpens('files', [FILE], '/usr/bin/aegisbpf', { denied: [], allowed: [] });
  const folder = dirSync({ unsafeCleanup: true });
  const events = new EventLog(join(folder.name, 'events.ndjson'));
  expect(await opens.untold([{ file: FILE, pid: process.pid }], events)).toEqual([]);
  await events.end();
  folder.removeCallback();
});
