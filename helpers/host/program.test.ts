import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startProgram } from './program.ts';

const limits = { env: { PATH: '/usr/bin:/bin' }, timeoutMs: 60_000 };

test.each([
  ['/nowhere/aegisbpf', [], 'ENOENT'],
  ['/etc/passwd', [], 'EACCES'],
  ['/etc/passwd/aegisbpf', [], 'ENOTDIR'],
  ['/bin/true', ['x'.repeat(1_000_000)], 'E2BIG'],
])('what cannot be started is told and not thrown: %s', async (path, args, code) => {
  const { pid, ended } = startProgram(path, args, limits);
  expect(pid).toBeUndefined();
  expect(await ended).toMatchObject({ exitCode: undefined, notStarted: { code }, stderr: '' });
});

test('a program that never ends its output is killed, and the beginning of it is kept', async () => {
  const { exitCode, signal, stdout, timedOut } = await startProgram('/usr/bin/yes', [], limits)
    .ended;
  expect({ exitCode, signal, timedOut }).toEqual({
    exitCode: undefined,
    signal: 'SIGKILL',
    timedOut: false,
  });
  expect(stdout.subarray(0, 4).toString()).toBe('y\ny\n');
  expect(stdout.length).toBeLessThanOrEqual(8 * 1024 * 1024);
});

test('a program ends with the step that it is cancelled with, and that is no deadline', async () => {
  const step = new AbortController();
  const { ended } = startProgram('/bin/sleep', ['300'], { ...limits, cancelSignal: step.signal });
  step.abort();
  expect(await ended).toMatchObject({ signal: 'SIGKILL', timedOut: false });
});

test('a program has nothing to read, and does not outlive the process that started it', async () => {
  expect(await startProgram('/bin/cat', [], limits).ended).toMatchObject({ exitCode: 0 });
  const starter = `
    import { startProgram } from ${JSON.stringify(new URL('program.ts', import.meta.url).href)};
    console.log(startProgram('/bin/sleep', ['300'], ${JSON.stringify(limits)}).pid);
    process.exit();`;
  const arguments_ = ['--input-type=module', '--eval', starter];
  const pid = execFileSync(process.execPath, arguments_, { encoding: 'utf8' }).trim();
  expect(pid).toMatch(/^\d+$/);
  while (existsSync(`/proc/${pid}`)) await sleep(20);
});
