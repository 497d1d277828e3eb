import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { FirstOpens } from '../../workload/first-opens.ts';
import { firstDecidedMs, judgeFirstDecision } from './first-decision.ts';

const ENVIRONMENT = { PATH: '/usr/bin:/bin' };

test('an agent that denies before it says that it is ready, or with the line, is ready', () => {
  expect(judgeFirstDecision('enforce', -30)).toBeUndefined();
  expect(judgeFirstDecision('enforce', 250)).toBeUndefined();
});

test('an agent that denies later is told with the time', () => {
  expect(judgeFirstDecision('enforce', 4012.3)).toMatchObject({
    verdict: 'fail',
    value: 4012,
    limit: 250,
    explanation: expect.stringContaining(
      'the agent said it was ready and denied its first open 4012 ms later',
    ),
  });
  expect(judgeFirstDecision('audit', 251)?.explanation).toContain('recorded its first open');
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
