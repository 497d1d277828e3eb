import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { NotApplicable } from '../../criteria/judgement.ts';
import { silentClientHoldsNobodyUp } from './silent-client.ts';

const ANSWER =
  'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n# TYPE x gauge\nx 1\n';

/** Answers one client after the other, as the agent does. @param patienceMs for the words of each. */
async function endpoint(patienceMs: number) {
  const waiting: Socket[] = [];
  const serve = async () => {
    for (;;) {
      const [client] = waiting;
      if (client === undefined) return;
      const words = once(client, 'data', { signal: AbortSignal.timeout(patienceMs) });
      await words.then(
        () => client.end(ANSWER),
        () => client.destroy(),
      );
      waiting.shift();
    }
  };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    waiting.push(socket);
    if (waiting.length === 1) void serve();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { server, daemon: { metricsAddress: `127.0.0.1:${port}`, isRunning: () => true } };
}

test('a client that says nothing, and is sent away in time, holds nobody up', async () => {
  const { server, daemon } = await endpoint(1000);
  const judged = await silentClientHoldsNobodyUp(daemon);
  server.close();
  expect(judged.verdict).toBe('pass');
  expect(judged.value).toBeGreaterThan(500);
});

test('where nobody answers without it either, there is nothing to try', async () => {
  const nobody = { metricsAddress: '127.0.0.1:1', isRunning: () => true };
  await expect(silentClientHoldsNobodyUp(nobody)).rejects.toBeInstanceOf(NotApplicable);
});
