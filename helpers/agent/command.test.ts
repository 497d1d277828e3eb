import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyText, propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { howItEnded, outputText, runCommand } from './command.ts';

const shell = { executable: '/bin/sh', environment: { ONLY: 'this' }, timeoutSeconds: 10 };

test('what the agent said is shown as one line, cut, and in words when it is nothing', () => {
  expect(outputText(' a\nb\u001b[2J ')).toBe(String.raw`a\nb\u001b[2J`);
  expect(outputText('x'.repeat(301))).toBe(`${'x'.repeat(300)} … (301 characters)`);
  expect(outputText(' \n')).toBe('(nothing)');
});

test("a terminal's C0 control characters never get through, and the length is bounded", () => {
  fc.assert(
    fc.property(anyText(), fc.integer({ min: 1, max: 400 }), (text, limit) => {
      const printed = outputText(text, limit);
      expect(printed).not.toMatch(/[\u0000-\u001f]/);
      expect(printed.length).toBeLessThanOrEqual(limit + 40);
    }),
    propertyRuns(),
  );
});

test('a command gets its own environment only, and its end is said in words', async () => {
  const result = await runCommand(shell, '-c', 'echo $ONLY$HOME; echo no >&2; exit 3');
  expect(result).toMatchObject({ exitCode: 3, stdout: 'this\n', stderr: 'no\n', timedOut: false });
  expect(howItEnded(result)).toContain('exited with 3; it said: no');
  const production = { ...shell, ofProduction: { HOME: '/h', ONLY: 'never' } };
  expect((await runCommand(production, '-c', 'echo $ONLY$HOME')).stdout).toBe('this/h\n');
});

test('a command that hangs is killed at its deadline, one that a signal ended says which', async () => {
  const hung = await runCommand({ ...shell, executable: '/bin/sleep', timeoutSeconds: 0.2 }, '30');
  expect(hung.timedOut).toBe(true);
  expect(howItEnded(hung)).toContain('did not end within');
  const ended = await runCommand(shell, '-c', 'kill -SEGV $$');
  expect(ended).toMatchObject({ exitCode: undefined, signal: 'SIGSEGV' });
});

test('of a command that said much the last whole lines are told', async () => {
  const script = 'for line in 1 2 3 4 5 6; do printf "%s%060d\\n" $line 0; done; exit 1';
  expect(howItEnded(await runCommand(shell, '-c', script))).toMatch(/it said: 3(0+\\n\d){3}0+$/);
});

test('a command that cannot be started does not throw', async () => {
  const result = await runCommand({ ...shell, executable: '/nowhere/aegisbpf' });
  expect(result.exitCode).toBeUndefined();
  expect(howItEnded(result)).toMatch(/could not be started; it said: .*ENOENT/);
});

test('what a command printed is kept byte for byte, whatever it is', async () => {
  const result = await runCommand(shell, '-c', String.raw`printf '\357\273\277a\377\r\n\000'`);
  expect([...result.stdoutBytes]).toEqual([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x0d, 0x0a, 0]);
  expect(result.stdout).toBe('\ufeffa\ufffd\r\n\0');
});

test('a process that a command left behind with its output is not waited for', async () => {
  const result = await runCommand(
    { executable: '/bin/sh', environment: { PATH: '/usr/bin:/bin' }, timeoutSeconds: 200 },
    '-c',
    'sleep 300 & echo $!',
  );
  // It still runs: had we waited for it, there would be nothing to end.
  expect(process.kill(Number(result.stdout), 'SIGKILL')).toBe(true);
  expect(result).toMatchObject({ exitCode: 0, timedOut: false });
});
