import { createServer } from 'node:net';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { controlRequest } from './control-request.ts';

/** A socket that answers each request so, or never. */
async function asked(answer: string | undefined, timeoutMs = 60_000) {
  const folder = dirSync({ unsafeCleanup: true });
  const path = join(folder.name, 'control.socket');
  const requests: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      requests.push(data.toString());
      if (answer !== undefined) socket.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return { answer: await controlRequest(path, 'GET /health', timeoutMs), requests };
  } finally {
    server.close();
    folder.removeCallback();
  }
}

test('a request is one line, and its answer is what comes until the agent closes', async () => {
  const { answer, requests } = await asked('{"status":"ok"}\n\n');
  expect([answer, requests]).toEqual([{ ok: true, text: '{"status":"ok"}' }, ['GET /health\n']]);
});

test('no answer, none in time and no socket are told in words', async () => {
  expect((await asked('')).answer).toEqual({ ok: false, reason: 'it closed without an answer' });
  expect((await asked(undefined, 50)).answer).toMatchObject({
    reason: 'no answer within 0.05 s',
  });
  expect((await asked('x'.repeat(100_000))).answer).toMatchObject({
    reason: expect.stringContaining('more than'),
  });
  expect(await controlRequest('/proc/self/none', 'GET /health', 1000)).toMatchObject({
    reason: expect.stringContaining('ENOENT'),
  });
});
