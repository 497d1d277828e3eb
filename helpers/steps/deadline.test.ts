import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runCommand } from '../agent/command.ts';
import { pause } from '../criteria/step-signal.ts';
import { processesMarked } from '../host/processes.ts';
import { probeFile } from '../workload/probe.ts';
import { untilDeadline } from './deadline.ts';

const GRACE_MS = 60_000;
const MARK = 'CANARY_DEADLINE_TEST';
const marked = () => processesMarked(MARK, String(process.pid));
const environment = { [MARK]: String(process.pid), PATH: '/usr/bin:/bin' };
const sleeper = { executable: '/bin/sleep', environment, timeoutSeconds: 600 };

async function cancelled(step: () => Promise<unknown>, begun: () => boolean) {
  const deadline = new AbortController();
  const timed = untilDeadline(step, deadline.signal, GRACE_MS);
  while (!begun()) await sleep(10);
  deadline.abort();
  return timed;
}

test('a step that ends in time gives its value', async () => {
  const { signal } = new AbortController();
  expect(await untilDeadline(async () => 7, signal, GRACE_MS)).toEqual({
    state: 'ended',
    value: 7,
  });
});

test('a command of a step past its deadline is ended, and nothing is started after it', async () => {
  let after = false;
  const step = async () => {
    try {
      await runCommand(sleeper, '600');
      after = true;
    } finally {
      // What a step does at its end is refused too: the journal has it undone.
      await runCommand(sleeper, '600');
    }
  };
  expect(await cancelled(step, () => marked().length > 0)).toEqual({
    state: 'late',
    goesOn: false,
  });
  expect([after, marked()]).toEqual([false, []]);
});

test('a wait and a probe of a step past its deadline end too', async () => {
  let waits = false;
  const waiting = async () => {
    waits = true;
    await pause(600_000);
  };
  expect(await cancelled(waiting, () => waits)).toEqual({ state: 'late', goesOn: false });
  // More opens than a minute has room for.
  const probe = () =>
    probeFile({ path: '/proc/self/fd/0', content: '' }, environment, 1_000_000_000);
  const outcome = await cancelled(probe, () => marked().length > 0);
  expect(outcome).toEqual({ state: 'late', goesOn: false });
  expect(marked()).toEqual([]);
});

test('a step that cannot be cancelled is told as one that goes on', async () => {
  const forever = () => new Promise<never>(() => {});
  const timed = untilDeadline(forever, AbortSignal.timeout(1), 1);
  expect(await timed).toEqual({ state: 'late', goesOn: true });
});
