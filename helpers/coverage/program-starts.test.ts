import { expect, test } from 'vitest';
import { StartedPrograms } from '../agent/stream/started-programs.ts';
import {
  comparedArguments,
  judgeByDescriptor,
  judgeExecEvents,
  judgeHiddenArguments,
  judgeMemoryOfStarts,
  linesByDescriptor,
  mustStartMore,
  type ProgramStarts,
} from './program-starts.ts';

const part = (edit: Partial<ProgramStarts> = {}): ProgramStarts => ({
  ...{ started: 200, told: 200, toldAgain: 0, withArguments: 200, rssKb: 40_000 },
  wrongArguments: { lines: 0, sample: '{}' },
  hiddenArguments: { lines: 0, sample: '{}' },
  ...edit,
});
const DROPPED = (value: number) => ({ known: true, value, source: 'telemetry drops' }) as const;
const events = (edit: Partial<ProgramStarts>, drops: Parameters<typeof judgeExecEvents>[1]) =>
  judgeExecEvents([part(), part(edit)], drops, 'x');

test('a start of a program without its line fails, whichever line it is', () => {
  expect(events({}, DROPPED(0)).verdict).toBe('pass');
  expect(events({ told: 199 }, DROPPED(0))).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringMatching(/^1 of 400 programs .* have no exec line.*dropped none/),
  });
  expect(events({ withArguments: 0 }, DROPPED(3))).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringMatching(/^200 of 400 .* have no exec_argv line.*dropped 3 /),
  });
});

test('a line that the agent says it dropped is missing evidence, and so is one where nobody knows', () => {
  expect(events({ told: 190 }, DROPPED(10)).verdict).toBe('inconclusive');
  const unknown = { known: false, source: 'x', reason: 'no metrics' } as const;
  expect(events({ told: 190 }, unknown)).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining('no metrics'),
  });
  expect(events({}, unknown).verdict).toBe('pass');
});

test('a start that is told twice fails, and so does one with the arguments of another', () => {
  expect(events({ toldAgain: 1 }, DROPPED(0)).verdict).toBe('fail');
  const wrongArguments = { lines: 7, sample: '{"argv":["sshd"]}' };
  expect(events({ wrongArguments }, DROPPED(0))).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringMatching(/^7 of 400 .* for example \{"argv":\["sshd"\]\}/),
  });
});

test.each([
  [['true', '', 'x'], { wrong: 0, hidden: 0 }],
  [['true', ''], { wrong: 0, hidden: 1 }],
  [['true'], { wrong: 0, hidden: 1 }],
  [['true', 'x'], { wrong: 1, hidden: 0 }],
  [[], { wrong: 1, hidden: 0 }],
])('of a program with an empty argument the line %j has %j', (argv, { wrong, hidden }) => {
  const line = { type: 'exec_argv', pid: 1, start_time: 1, argc: argv.length, argv } as const;
  expect(comparedArguments([line], ['true', '', 'x'])).toMatchObject({
    ...{ wrongArguments: { lines: wrong }, hiddenArguments: { lines: hidden } },
  });
});

test('a line that ends at an empty argument hides the others, and is a finding beside the verdict', () => {
  expect(judgeHiddenArguments([part(), part()], 'x')).toBeUndefined();
  const hidden = part({ hiddenArguments: { lines: 1, sample: '{"argv":["true"]}' } });
  expect(judgeHiddenArguments([part(), hidden], 'x')).toMatchObject({
    hidden: expect.stringMatching(/^1 start of .* behind it: .* the line: \{"argv":\["true/),
    measured: { value: 1, limit: 0 },
  });
  expect(judgeExecEvents([part(), hidden], DROPPED(0), 'x').verdict).toBe('pass');
});

/** Behind those that fill the heap. */
const filled = (...kb: readonly (number | undefined)[]) =>
  [...Array(4).fill(30_000), ...kb].map((rssKb) => part({ rssKb }));
const memory = (...kb: readonly (number | undefined)[]) => judgeMemoryOfStarts(filled(...kb), 'x');

test('memory that grows behind each part of the starts is a leak, and a single step is none', () => {
  expect(memory(40_000, 40_200, 40_400, 40_600)).toMatchObject({
    kept: expect.stringMatching(/from 40000 to 40600 kB while 600 programs.* by 200 kB/),
    measured: { value: 600, unit: 'kB' },
  });
  expect(memory(40_000, 44_000, 44_000, 44_200)).toMatchObject({ verdict: 'pass' });
  expect(memory(40_000, 39_000, 39_500, 40_000)).toMatchObject({ verdict: 'pass' });
});

test('programs are started until the agent has not grown once, and a leak shows nine times', () => {
  const goesOn = (...kb: readonly (number | undefined)[]) => mustStartMore(filled(...kb));
  const growing = Array.from({ length: 10 }, (_, at) => 40_000 + 100 * at);
  expect(growing.map((_, at) => goesOn(...growing.slice(0, at + 1)))).toEqual([
    ...Array(9).fill(true),
    false,
  ]);
  expect(goesOn(40_000, 44_000, 44_050)).toBe(false);
  expect(goesOn(40_000, undefined)).toBe(false);
});

test('a heap that is filled first hides a leak, so nothing is judged by then', () => {
  const filling = [40_000, 40_000, 40_000, 40_100].map((rssKb) => part({ rssKb }));
  expect(mustStartMore(filling)).toBe(true);
  expect(judgeMemoryOfStarts(filling, 'x')).toMatchObject({ verdict: 'inconclusive' });
});

test('memory that could not be read is no pass', () => {
  expect(memory(40_000, undefined, 40_000)).toMatchObject({ verdict: 'inconclusive' });
  expect(memory(40_000)).toMatchObject({ verdict: 'inconclusive' });
});

/** What an agent told of the process 7: of the program that it was at first, and of the one that it became. */
function byDescriptor(...told: readonly ('exec' | readonly string[])[]) {
  const started = new StartedPrograms();
  const of = { pid: 7, start_time: 1 };
  for (const line of told)
    if (line === 'exec')
      started.take({ ...of, type: 'exec', ppid: 1, comm: 'node', cgid: 1, cgroup_path: '/' });
    else started.take({ ...of, type: 'exec_argv', argc: line.length, argv: [...line] });
  return linesByDescriptor(started, 7, ['/program', '--so']);
}

test.each([
  [['exec', ['node'], 'exec', ['/program', '--so']], true, true],
  [['exec', ['/program', '--so']], true, true],
  [['exec', ['node']], false, false],
  [['exec', ['node'], 'exec'], true, false],
  [['exec', ['node'], ['/program', '--so']], false, true],
  [['exec', ['node'], 'exec', ['/program', '--other']], false, false],
  [[], false, false],
] as const)(
  'of a process that became another program %j tell exec: %j, exec_argv: %j',
  (told, exec, argv) => {
    expect(byDescriptor(...told)).toEqual({ exec, exec_argv: argv });
  },
);

test('a start by execveat that is not told is a finding, and missing evidence where lines were dropped or it was not made', () => {
  const judge = (edit: object, drops: Parameters<typeof judgeByDescriptor>[1]) =>
    judgeByDescriptor({ exec: true, exec_argv: true, ...edit }, drops, 'x');
  const unknown = { known: false, source: 'x', reason: 'no metrics' } as const;
  expect(judge({}, unknown)).toBeUndefined();
  expect(judge({ exec: false, exec_argv: false }, DROPPED(0))).toMatchObject({
    untold: expect.stringMatching(/by execveat\(2\) .* has no exec and no exec_argv line: /),
    measured: { value: 2, limit: 0 },
  });
  expect(judge({ exec: false }, DROPPED(1))).toMatchObject({ verdict: 'inconclusive' });
  expect(judge({ exec_argv: false }, unknown)).toMatchObject({ verdict: 'inconclusive' });
  expect(judge({ notMade: 'ENOSYS' }, DROPPED(0))).toMatchObject({
    verdict: 'inconclusive',
    explanation: expect.stringContaining('ENOSYS'),
  });
});
