import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { listenersOf } from './listeners.ts';

async function listening(...where: [number, string] | [string]): Promise<Server> {
  const server = createServer();
  if (where.length === 1) server.listen(where[0]);
  else server.listen(where[0], where[1]);
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server) => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

test('a process listens on what it opened for that, and no more', async () => {
  const folder = dirSync({ unsafeCleanup: true });
  const path = join(folder.name, 'a socket');
  const four = await listening(0, '127.0.0.1');
  const all = await listening(0, '::');
  const local = await listening(path);
  const datagrams = createSocket('udp4').bind(0, '127.0.0.1');
  await once(datagrams, 'listening');
  const { network, unix } = listenersOf(process.pid);
  expect(network).toEqual(
    expect.arrayContaining([
      `tcp 127.0.0.1:${portOf(four)}`,
      `tcp [0000:0000:0000:0000:0000:0000:0000:0000]:${portOf(all)}`,
      `udp 127.0.0.1:${datagrams.address().port}`,
    ]),
  );
  expect(unix).toContain(path);
  const before = network.length;
  for (const server of [four, all, local]) await once(server.close(), 'close');
  datagrams.close();
  await once(datagrams, 'close');
  expect(listenersOf(process.pid).network).toHaveLength(before - 3);
  folder.removeCallback();
});

test('of a process that is gone nothing is told', () => {
  expect(() => listenersOf(0x7fff_ffff)).toThrow('ENOENT');
});
