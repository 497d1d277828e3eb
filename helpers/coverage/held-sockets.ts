import { call } from './libc.ts';
import {
  acceptFrom,
  bindTo,
  connectTo,
  openSocket,
  portOf,
  SOCK_DGRAM,
  SOCK_STREAM,
} from './network-routes.ts';
import type { NetworkSite } from './site.ts';
import type { Route } from './table.ts';

const BACKLOG = 64;
/** <sys/socket.h> */
const MSG_DONTWAIT = 0x40;

/**
 * Routes over sockets from before the rules: bind and connect are refused before listen, accept and receive
 * are asked about, so only a socket that has its port and peer already comes as far as these.
 */
export function heldSockets({ address, next, free, bindPort }: NetworkSite) {
  const listener = openSocket(next, SOCK_STREAM);
  bindTo(listener, next, bindPort);
  const [receiver, peer] = [openSocket(free, SOCK_DGRAM), openSocket(address, SOCK_DGRAM)];
  bindTo(receiver, free, 0);
  bindTo(peer, address, 0);
  connectTo(receiver, address, portOf(peer));
  connectTo(peer, free, portOf(receiver));
  const routes: Partial<Record<Route, () => void>> = {
    'held-listen': () => call('listen', listener, BACKLOG),
    'held-accept': () => acceptFrom(free, listener, next, bindPort),
    'held-receive': () => {
      call('sendto', peer, Buffer.from('x'), 1, 0, null, 0);
      call('recv', receiver, Buffer.alloc(1), 1, MSG_DONTWAIT);
    },
  };
  return routes;
}
