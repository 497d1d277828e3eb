import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { describe, expect, test } from 'vitest';
import { readKernelLog, sinceBootUs } from '../host/kernel-log.ts';
import { judgeKernelLog } from './kernel-log.ts';

const judge = (...lines: readonly string[]) =>
  judgeKernelLog(
    lines.map((text, index) => ({ atUs: index, text })),
    true,
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
      explanation: expect.stringContaining('who caused them cannot be told'),
    });
  });

  test('passes with everyday messages, where none is lost', () => {
    const messages = [{ atUs: 1, text: 'audit: type=1400 apparmor="DENIED"' }];
    expect(judgeKernelLog(messages, true, 'kernel.log').verdict).toBe('pass');
    expect(judgeKernelLog(messages, false, 'kernel.log').verdict).toBe('inconclusive');
  });
});

test('a log is read message by message, without what tells more of one', () => {
  const folder = dirSync({ unsafeCleanup: true });
  const path = join(folder.name, 'kmsg');
  writeFileSync(
    path,
    '6,1,1500000,-;first; it says\n SUBSYSTEM=x\n4,2,2500000,-,caller=T1;second\n',
  );
  expect(readKernelLog(path)).toEqual([
    { atUs: 1_500_000, text: 'first; it says' },
    { atUs: 2_500_000, text: 'second' },
  ]);
  folder.removeCallback();
});

test('a moment of the clock is told in time since boot', () => {
  const [now, before] = [sinceBootUs(new Date()), sinceBootUs(new Date(Date.now() - 5000))];
  expect(now - before).toBeGreaterThan(4e6);
  expect(sinceBootUs(new Date(0))).toBe(0);
});
