import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dirSync } from 'tmp';
import { expect, onTestFinished, test } from 'vitest';
import {
  deniedOpens,
  EnforcementWatch,
  mostOpensIn,
  type Stretch,
  singleGap,
  wrongSignals,
} from './enforcement-watch.ts';

const stretch = (outcome: string, firstMs: number, lastMs: number, opens: number): Stretch => ({
  outcome,
  firstMs,
  lastMs,
  opens,
});

test('a gap is from the last denied open to the next one', () => {
  const seen = [
    stretch('denied', 0, 100, 50),
    stretch('allowed', 102, 398, 148),
    stretch('denied', 400, 900, 250),
  ];
  expect(singleGap(seen)).toEqual({ ms: 300, allowedOpens: 148 });
  expect(deniedOpens(seen)).toBe(300);
});

test.each([
  ['never allowed', [stretch('denied', 0, 9, 5)], '5 denied'],
  [
    'never denied again',
    [stretch('denied', 0, 9, 5), stretch('allowed', 10, 20, 3)],
    '5 denied, 3 allowed',
  ],
  [
    'denied in another way in between',
    [stretch('denied', 0, 9, 5), stretch('EACCES', 10, 20, 3), stretch('denied', 21, 30, 1)],
    '5 denied, 3 EACCES, 1 denied',
  ],
  [
    'two gaps',
    [0, 1, 2, 3, 4].map((at) => stretch(at % 2 === 0 ? 'denied' : 'allowed', at, at, 1)),
    '1 denied, 1 allowed, 1 denied, 1 allowed, 1 denied',
  ],
  ['no open', [], 'none at all'],
] as const)('%s is not one gap', (_, stretches, reason) => {
  expect(singleGap(stretches)).toContain(reason);
});

test.each([
  ['as many as denials', 'term', 50, undefined],
  ['one less, for the open under way when denials ended', 'term', 49, undefined],
  ['two less', 'term', 48, 'fail'],
  ['two more', 'int', 52, 'fail'],
  ['none', 'term', 0, 'fail'],
  ['none where none was asked for', 'none', 0, undefined],
  ['one where none was asked for', 'none', 1, 'fail'],
] as const)('signals: %s (%s)', (_, signal, signals, verdict) => {
  const stretches = [
    stretch('allowed', 0, 9, 5),
    stretch('denied', 10, 20, 30),
    stretch('allowed', 21, 30, 5),
    stretch('denied', 31, 40, 20),
  ];
  expect(wrongSignals({ stretches, opens: 60, signals }, signal)?.verdict).toBe(verdict);
});

test('a process opens the file all the time and reports when the outcome changes', async () => {
  const folder = dirSync({ unsafeCleanup: true });
  const path = join(folder.name, 'file');
  const watch = new EnforcementWatch({ path }, { PATH: '/usr/bin:/bin' });
  try {
    expect(await watch.until('ENOENT', 30_000)).toBe(true);
    writeFileSync(path, '');
    expect(await watch.until('allowed', 30_000)).toBe(true);
    expect(await watch.until('denied', 50)).toBe(false);
    expect(await watch.deniedSoFar()).toBe(0);
    expect(await watch.nextOutcome()).toBe('allowed');
    const { stretches, opens } = await watch.stop();
    expect(stretches.map(({ outcome }) => outcome)).toEqual(['ENOENT', 'allowed']);
    expect(opens).toBe(stretches.reduce((sum, one) => sum + one.opens, 0));
  } finally {
    watch.kill();
    folder.removeCallback();
  }
});

test('a process that makes up for what it was held up makes no more opens than one a ms', async () => {
  const folder = dirSync({ unsafeCleanup: true });
  onTestFinished(folder.removeCallback);
  const path = join(folder.name, 'file');
  using watch = new EnforcementWatch({ path }, { PATH: '/usr/bin:/bin' });
  expect(await watch.until('ENOENT', 30_000)).toBe(true);
  process.kill(watch.pid ?? 0, 'SIGSTOP');
  await sleep(1000);
  writeFileSync(path, '');
  process.kill(watch.pid ?? 0, 'SIGCONT');
  expect(await watch.until('allowed', 30_000)).toBe(true);
  await sleep(500);
  const { firstMs, lastMs, opens } = (await watch.stop()).stretches[1] ?? stretch('none', 0, 0, 0);
  expect(opens).toBeGreaterThan(1);
  expect(opens).toBeLessThanOrEqual(mostOpensIn(lastMs - firstMs) + 1);
});

test('a watch whose process was killed has lost what it saw', async () => {
  const watch = new EnforcementWatch({ path: '/dev/null' }, { PATH: '/usr/bin:/bin' });
  expect(await watch.until('allowed', 30_000)).toBe(true);
  watch.kill();
  expect(await watch.until('denied', 30_000)).toBe(false);
  expect(await watch.nextOutcome()).toBeUndefined();
  await expect(watch.stop()).rejects.toThrow('ended without a report (SIGKILL)');
});
