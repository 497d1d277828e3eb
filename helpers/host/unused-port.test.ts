import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { unusedPort } from './unused-port.ts';

/** Nor does anybody use the one ten behind it. */
const NOBODYS = 2;

test('a port is left out where somebody uses it, or one that is needed beside it', async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const choosing = (...ports: readonly number[]) => {
    const left = [...ports];
    return () => left.shift() ?? NOBODYS;
  };
  expect(unusedPort([0, 10], choosing(port, port - 10, NOBODYS))).toBe(NOBODYS);
  expect(unusedPort([0], choosing(port, NOBODYS))).toBe(NOBODYS);
  server.close();
});
