import { call } from './libc.ts';
import {
  acceptFrom,
  bindTo,
  connectTo,
  openSocket,
  portOf,
  SOCK_DGRAM,
  SOCK_STREAM,
  socketAddress,
} from './network-routes.ts';
import type { NetworkSite } from './site.ts';
import type { Route } from './table.ts';

const BACKLOG = 64;
/** <sys/socket.h> */
const MSG_DONTWAIT = 0x40;

/**
 * Routes over sockets from before the rules: bind and connect are refused before listen, accept and receive
 * are asked about, so only a socket that has its port and peer already comes as far as these. A send that names no address
 * goes to the peer, as all do over a connection that an incident finds open.
 */
export function heldSockets({ address, next, free, bindPort }: NetworkSite) {
  const listener = openSocket(next, SOCK_STREAM);
  bindTo(listener, next, bindPort);
  const [receiver, peer] = [openSocket(free, SOCK_DGRAM), openSocket(address, SOCK_DGRAM)];
  bindTo(receiver, free, 0);
  bindTo(peer, address, 0);
  connectTo(receiver, address, portOf(peer));
  connectTo(peer, free, portOf(receiver));
  const server = openSocket(address, SOCK_STREAM);
  bindTo(server, address, 0);
  call('listen', server, BACKLOG);
  const connection = openSocket(free, SOCK_STREAM);
  connectTo(connection, address, portOf(server));
  const sendTo = (socket: number, named: Buffer | null = null) =>
    call('sendto', socket, Buffer.from('x'), 1, 0, named, named?.length ?? 0);
  const routes: Partial<Record<Route, () => void>> = {
    'held-listen': () => call('listen', listener, BACKLOG),
    'held-accept': () => acceptFrom(free, listener, next, bindPort),
    'held-receive': () => {
      sendTo(peer);
      call('recv', receiver, Buffer.alloc(1), 1, MSG_DONTWAIT);
    },
    'held-send': () => sendTo(receiver),
    'held-tcp-send': () => sendTo(connection),
    'held-misnamed-tcp-send': () => sendTo(connection, socketAddress(next, bindPort)),
  };
  return routes;
}
