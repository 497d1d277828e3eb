import { expect, test } from 'vitest';
import { errorText } from './outside-reporter.ts';

const ended = (how: string) => ({
  message: '[vitest-pool]: Worker forks emitted error.',
  cause: {
    message: `Worker exited unexpectedly with ${how} during started state while running test file /c/canary/2-audit.spec.ts`,
  },
});

test.each(['SIGKILL', 'SIGXFSZ'])('a worker that %s ended is told with the signal', (signal) => {
  expect(errorText(ended(`signal ${signal}`), undefined)).toBe(
    `a worker process of this suite was killed by ${signal} while it ran /c/canary/2-audit.spec.ts`,
  );
});

test('a worker that the kernel ended for lack of memory is told with its counter', () => {
  const text = errorText(ended('signal SIGKILL'), 'the kernel’s OOM killer ended 1 process');
  expect(text).toMatch(/was killed by SIGKILL while .*; the kernel’s OOM killer ended 1 process$/);
});

test('a worker that ended by itself is told with its exit code, any other error with its cause', () => {
  expect(errorText(ended('exit code 7'), undefined)).toContain('ended with exit code 7');
  expect(errorText({ message: 'it broke', cause: { message: 'because' } }, 'OOM')).toBe(
    'it broke (because)',
  );
});
