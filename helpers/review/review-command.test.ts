import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { dirSync } from 'tmp';
import { afterEach, expect, test } from 'vitest';
import { RunDirectory } from '../evidence/run-directory.ts';
import { readReview } from './review-file.ts';
import { writeReviewNotes } from './review-notes.ts';

const COMMAND = join(import.meta.dirname, 'review-command.ts');
const ENTER = '\r';
const DOWN = '\u001b[B';
const CTRL_C = '\u0003';

const made: (() => void)[] = [];
afterEach(() => {
  for (const remove of made.splice(0)) remove();
});

function runWith(...names: string[]): RunDirectory {
  const folder = dirSync({ unsafeCleanup: true });
  made.push(folder.removeCallback);
  const run = RunDirectory.create(join(folder.name, 'run'));
  const groups = names.map((name) => ({
    group: name,
    type: 'block',
    target: '/srv/app.conf',
    program: 'cat\u001b[2J',
    unit: 'cron.service',
    action: 'AUDIT',
    count: 3,
    firstSeen: '2026-11-23T14:00:00.000Z',
    lastSeen: '2026-11-23T14:01:00.000Z',
    examples: [],
  }));
  const now = new Date();
  writeReviewNotes(run, { phase: 'audit', groups, known: [], enforceSignal: 'term', now });
  return run;
}

const entries = (run: RunDirectory) => {
  const state = readReview(run);
  if (!state.ok) throw new Error(state.reason);
  return state.groups;
};

/** Types each key when the terminal (script(1)) shows the text before it. */
async function onTerminal(run: RunDirectory, keys: readonly (readonly [string, string])[]) {
  // A pseudo-terminal that nobody looks at has no columns.
  const command = `stty cols 100 rows 40; exec '${process.execPath}' '${COMMAND}' '${run.path}' --reviewer 'Ada L.'`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env.PATH, TERM: 'xterm' },
    timeout: 60_000,
  });
  let screen = '';
  const waiting = [...keys];
  let from = 0;
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += stripVTControlCharacters(text);
    const [next] = waiting;
    if (next === undefined || !screen.slice(from).includes(next[0])) return;
    waiting.shift();
    from = screen.length;
    terminal.stdin.write(next[1]);
  });
  const exitCode = await new Promise((resolve) => terminal.on('close', resolve));
  expect(waiting, screen).toEqual([]);
  return { exitCode, screen };
}

test('on a terminal each group is shown with what enforce would do and asked about; answers are written, and Enter alone decides nothing', async () => {
  const run = runWith('one', 'two', 'three');
  const { exitCode, screen } = await onTerminal(run, [
    ['Your name', ENTER],
    ['leave it pending', DOWN],
    ['the policy is right', ENTER],
    ['Severity', ENTER],
    ['Note', `nightly job${ENTER}`],
    ['Valid until', ENTER],
    ['leave it pending', DOWN],
    ['the policy is right', DOWN],
    ['this should be allowed', ENTER],
    ['Severity', ENTER],
    ['Note', ENTER],
    ['Valid until', `2099-01-01${ENTER}`],
    ['leave it pending', ENTER],
  ]);
  expect(screen).toContain('target      /srv/app.conf (block)');
  expect(screen).toContain('cat\\u001b[2J');
  const today = new Date().toISOString().slice(0, 10);
  expect(entries(run)).toMatchObject([
    ...[{ verdict: 'legitimate', severity: 'low', note: 'nightly job', reviewer: 'Ada L.' }],
    {
      ...{ verdict: 'false-positive', severity: 'high', note: null, expires: '2099-01-01' },
      date: today,
    },
    { verdict: 'pending' },
  ]);
  expect(screen).toContain(
    'in enforce  would be refused with EPERM, and the program is sent SIGTERM',
  );
  expect([exitCode, screen.includes('2 answers saved')]).toEqual([1, true]);
});

test('Ctrl-C in the middle keeps what was answered, and the rest is pending', async () => {
  const run = runWith('one', 'two');
  const { exitCode, screen } = await onTerminal(run, [
    ['Your name', ENTER],
    ['leave it pending', DOWN],
    ['the policy is right', ENTER],
    ['Severity', ENTER],
    ['Note', ENTER],
    ['Valid until', ENTER],
    ['leave it pending', CTRL_C],
  ]);
  expect(entries(run).map(({ verdict }) => verdict)).toEqual(['legitimate', 'pending']);
  expect(exitCode).toBe(1);
  expect(screen).toContain('stopped; 1 answer saved, the rest is pending');
});
