import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { describe, expect, test } from 'vitest';
import { messagesAfter, newestMessage, readKernelLog } from '../host/kernel-log.ts';
import { judgeKernelLog } from './kernel-log.ts';

const judge = (...lines: readonly string[]) =>
  judgeKernelLog(
    lines.map((text, index) => ({ sequence: index, atUs: index, text })),
    undefined,
    'kernel.log',
  );

describe('what the kernel logged', () => {
  test.each([
    ['a warning in a program of the agent', 'WARNING: CPU: 1 PID: 7 at kernel/bpf/x.c:1'],
    ['a bug', 'BUG: unable to handle page fault for address: 0'],
    ['a lockup', 'watchdog: BUG: soft lockup - CPU#0 stuck for 23s!'],
  ])('%s fails where its trace names the agent', (_, first) => {
    const trace = [first, 'Call Trace:', ' bpf_prog_6deef7357e7b4530_handle_file_open+0x1'];
    expect(judge(...trace)).toMatchObject({ verdict: 'fail', value: 1 });
    // Of another trace, further down.
    expect(judge(first, '---[ end trace 0000000000000000 ]---', ...trace.slice(1)).verdict).toBe(
      'inconclusive',
    );
  });

  test.each([
    ['Out of memory: Killed process 5 (node)'],
    ['INFO: task kworker blocked for more than 120 seconds.'],
    ['rcu: INFO: rcu_sched self-detected stall on CPU'],
  ])('%s is blamed on nobody', (text) => {
    expect(judge('usb 1-1: new device', text)).toMatchObject({
      verdict: 'inconclusive',
      explanation: expect.stringContaining('does not show who caused them'),
    });
  });

  test('passes with everyday messages, where none is lost', () => {
    const messages = [{ sequence: 8, atUs: 1, text: 'audit: type=1400 apparmor="DENIED"' }];
    expect(judgeKernelLog(messages, undefined, 'kernel.log').verdict).toBe('pass');
    expect(judgeKernelLog(messages, '3 messages are lost', 'kernel.log')).toMatchObject({
      verdict: 'inconclusive',
      explanation: expect.stringContaining('3 messages are lost'),
    });
  });
});

describe("the run's messages are told by their numbers, whatever the clock says", () => {
  const log = (...numbers: readonly number[]) =>
    numbers.map((sequence) => ({ sequence, atUs: 10 - sequence, text: `message ${sequence}` }));

  test('those behind the newest at the start are its own, and none is lost', () => {
    expect(messagesAfter(log(6, 7, 8, 9), 7)).toEqual({ messages: log(8, 9), lost: undefined });
    expect(messagesAfter(log(8, 9), 7)).toEqual({ messages: log(8, 9), lost: undefined });
    expect(messagesAfter(log(6, 7), 7)).toEqual({ messages: [], lost: undefined });
  });

  test.each([
    [
      'overwritten before it was read',
      log(9, 10),
      '1 message of the kernel since the run began is',
    ],
    [
      'overwritten while it was read',
      log(7, 8, 12),
      '3 messages of the kernel since the run began',
    ],
    ['that is the log of another boot', log(1, 2), 'ends at message 2, and message 7 was there'],
    ['that holds nothing', [], 'holds no message, and message 7 was there'],
  ])('a log %s is missing evidence', (_, messages, lost) => {
    expect(messagesAfter(messages, 7).lost).toContain(lost);
  });
});

test('a log is read message by message, without what tells more of one', () => {
  const folder = dirSync({ unsafeCleanup: true });
  const path = join(folder.name, 'kmsg');
  expect(newestMessage(path)).toMatchObject({
    known: false,
    reason: expect.stringContaining('ENOENT'),
  });
  writeFileSync(path, '');
  expect(newestMessage(path)).toMatchObject({ known: false, reason: 'it holds no message' });
  writeFileSync(
    path,
    '6,1,1500000,-;first; it says\n SUBSYSTEM=x\n4,2,2500000,-,caller=T1;second\n',
  );
  expect(readKernelLog(path)).toEqual([
    { sequence: 1, atUs: 1_500_000, text: 'first; it says' },
    { sequence: 2, atUs: 2_500_000, text: 'second' },
  ]);
  expect(newestMessage(path)).toMatchObject({ known: true, value: 2 });
  folder.removeCallback();
});
