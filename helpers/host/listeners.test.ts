import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { expect, test } from 'vitest';
import { addressText, listenersOf, takesConnections } from './listeners.ts';

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

test('addresses are told as the byte order of the host keeps them', () => {
  expect(addressText('0100007F:1F90', 'LE')).toBe('127.0.0.1:8080');
  expect(addressText('7F000001:1F90', 'BE')).toBe('127.0.0.1:8080');
  const [little, big] = ['B80D0120000000000000000001000000', '20010DB8000000000000000000000001'];
  const expected = '[2001:0db8:0000:0000:0000:0000:0000:0001]:22';
  expect([addressText(`${little}:0016`, 'LE'), addressText(`${big}:0016`, 'BE')]).toEqual([
    expected,
    expected,
  ]);
});

test('a table of sockets that cannot be read is no empty one', () => {
  const proc = dirSync({ unsafeCleanup: true });
  mkdirSync(join(proc.name, '7/fd'), { recursive: true });
  mkdirSync(join(proc.name, '7/net'));
  symlinkSync('socket:[12]', join(proc.name, '7/fd/3'));
  expect(() => listenersOf(7, proc.name)).toThrow(/ENOENT.*net\/tcp'/);
  const row = '0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12 1';
  writeFileSync(join(proc.name, '7/net/tcp'), `heading\n   ${row}\n`);
  // A kernel without IPv6 has no table of it.
  expect(listenersOf(7, proc.name)).toEqual({ network: ['tcp 127.0.0.1:8080'], unix: [] });
  mkdirSync(join(proc.name, '7/net/udp'));
  expect(() => listenersOf(7, proc.name)).toThrow('EISDIR');
  proc.removeCallback();
});

test('an address takes connections while somebody listens there', async () => {
  const server = await listening(0, '127.0.0.1');
  const address = `127.0.0.1:${portOf(server)}`;
  expect(await takesConnections(address)).toBe(true);
  await once(server.close(), 'close');
  expect(await takesConnections(address)).toBe(false);
});
