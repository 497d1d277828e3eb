import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { JudgementError, NotApplicable } from '../../criteria/judgement.ts';
import { clientsHarmNobody } from './silent-client.ts';

const ANSWER =
  'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n# TYPE x gauge\nx 1\n';

/** Answers one client after the other, as the agent does. @param patienceMs for the words of each. */
async function endpoint(patienceMs: number, end: NodeJS.Signals | undefined) {
  const waiting: Socket[] = [];
  let asked = 0;
  const serve = async () => {
    for (;;) {
      const [client] = waiting;
      if (client === undefined) return;
      const words = once(client, 'data', { signal: AbortSignal.timeout(patienceMs) });
      await words.then(
        () => {
          asked += 1;
          client.end(ANSWER);
        },
        () => client.destroy(),
      );
      waiting.shift();
    }
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    waiting.push(socket);
    if (waiting.length === 1) void serve();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  // The one without the others has its answer.
  const isDead = () => end !== undefined && asked > 1;
  return {
    server,
    daemon: {
      metricsAddress: `127.0.0.1:${port}`,
      isRunning: () => !isDead(),
      exit: () => (isDead() ? { exitCode: undefined, signal: end, stopMs: undefined } : undefined),
    },
  };
}

const judged = async (patienceMs: number, end?: NodeJS.Signals) => {
  const { server, daemon } = await endpoint(patienceMs, end);
  try {
    return await clientsHarmNobody(daemon);
  } finally {
    server.close();
  }
};

test('clients that say nothing, or go before their answer, hold nobody up', async () => {
  const judgement = await judged(1000);
  expect(judgement).toMatchObject({
    verdict: 'pass',
    explanation: expect.stringContaining('12 behind it that asked and went before the answer'),
  });
  expect(judgement.value).toBeGreaterThan(500);
});

test('an agent that ends where it writes to one that is gone fails', async () => {
  expect(await judged(100, 'SIGPIPE')).toMatchObject({
    verdict: 'fail',
    explanation: expect.stringContaining('the agent was ended by SIGPIPE: it wrote an answer'),
  });
});

test('one that ends otherwise is no evidence of that', async () => {
  await expect(judged(100, 'SIGKILL')).rejects.toBeInstanceOf(JudgementError);
});

test('where nobody answers without them either, there is nothing to try', async () => {
  const nobody = { metricsAddress: '127.0.0.1:1', isRunning: () => true, exit: () => undefined };
  await expect(clientsHarmNobody(nobody)).rejects.toBeInstanceOf(NotApplicable);
});
