import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import type { Mode } from '../../agent/daemon-options.ts';
import { FirstOpens } from '../../workload/first-opens.ts';
import { firstDecidedMs, judgeFirstDecision } from './first-decision.ts';

const ENVIRONMENT = { PATH: '/usr/bin:/bin' };

/** Of an agent that said at 1000 that it was ready. */
const judged = (mode: Mode, undecidedMs: number, decidedMs: number) =>
  judgeFirstDecision(mode, { undecidedMs, decidedMs }, 1000);

test('an agent that denies before it says that it is ready, or with the line, is ready', () => {
  expect(judged('enforce', 960, 970)).toBeUndefined();
  expect(judged('enforce', 1250, 1260)).toBeUndefined();
});

test('an agent that lets an open through that began later is told with the time', () => {
  expect(judged('enforce', 5010, 5020)).toMatchObject({
    verdict: 'fail',
    value: 4010,
    limit: 250,
    explanation: expect.stringContaining(
      'the agent said it was ready, and an open that began 4010 ms later was not denied',
    ),
  });
  expect(judged('audit', 1260, 1270)?.explanation).toContain('was not recorded');
});

test.each(['enforce', 'audit'] as const)(
  '%s: opens that were stopped while the agent became ready blame nobody',
  (mode) => {
    const late = judged(mode, 900, 1625);
    expect(late).toMatchObject({ verdict: 'inconclusive', value: 625, limit: 250 });
    expect(late?.explanation).toMatch(/this host let our process make no open for 625 ms/);
  },
);

test('opens that were stopped are no excuse for one that went through after them', () => {
  expect(judged('enforce', 1640, 3000)).toMatchObject({ verdict: 'fail', value: 640 });
});

test('in audit the last opens are those that made lines, however late the lines came', () => {
  const opens = [0, 10, 20, 30, 40];
  expect(firstDecidedMs(opens, 2, 900)).toBe(30);
  expect(firstDecidedMs(opens, 5, 900)).toBe(0);
});

test('lines that are lost or doubled make no open later than its own line', () => {
  expect(firstDecidedMs([0, 10, 20, 30], 1, 15)).toBe(15);
  expect(firstDecidedMs([0, 10], 4, 15)).toBe(0);
  expect(firstDecidedMs([], 1, undefined)).toBeUndefined();
});

test('opens go on until one fails, and the time of that one is told', async () => {
  const folder = dirSync({ unsafeCleanup: true });
  const path = join(folder.name, 'file');
  writeFileSync(path, '');
  const opens = new FirstOpens(path, ENVIRONMENT);
  await opens.up();
  expect(await opens.refused(1)).toBe(false);
  folder.removeCallback();
  expect(await opens.refused(30_000)).toBe(true);
  const { begunMs, refusedMs } = await opens.stop();
  expect(refusedMs).toBe(begunMs.at(-1));
});

test('what opens that were killed saw is lost', async () => {
  const opens = new FirstOpens('/dev/null', ENVIRONMENT);
  await opens.up();
  opens.kill();
  await expect(opens.stop()).rejects.toThrow('ended without a report (SIGKILL)');
});
