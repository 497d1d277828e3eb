import { isIPv4 } from 'node:net';
import type { NetworkSite, Site } from './site.ts';
import type { Kind, Route } from './table.ts';

/** Where a route of the network leads to. */
export interface Destination {
  readonly call: 'connect' | 'send' | 'bind' | 'listen' | 'accept' | 'receive';
  /** As event lines have it: all others by their number (docs/agent-contract.md §4.1). */
  readonly protocol: 'tcp' | 'udp' | '1' | '58' | '136';
  readonly address: string;
  /** 0: the port that the kernel gives to a socket of ours. */
  readonly port: number;
  /** The kind of rule that denies it, as events name it (docs/agent-contract.md §4.1); undefined where none does. */
  readonly rule?: 'ip' | 'cidr' | 'port' | 'ip_port' | 'cg_ip' | 'cg_port' | undefined;
  /** A send is by sendto where it is not told, by sendmmsg where a second datagram goes elsewhere; one with MSG_FASTOPEN connects as well. A stream is of TCP itself. */
  readonly by?: 'sendmsg' | 'mptcp' | 'fastopen';
  readonly second?: string;
  /**
   * How the address is written where it is not as a whole one of its socket's family: an IPv4 one in its IPv6 form; with no family, which the kernel
   * takes for IPv4 (AF_UNSPEC); an IPv6 one without its scope, as RFC 2133 has it, which the kernel takes as well.
   */
  readonly form?: 'mapped' | 'unspec' | 'short';
  /** Of a listener of ours, which accepts from the address. */
  readonly listener?: string;
}

const by =
  (call: Destination['call'], protocol: Destination['protocol']) =>
  (address: string, port: number, rule?: Destination['rule']): Destination => ({
    ...{ call, protocol, address, port, rule },
  });
const tcp = by('connect', 'tcp');
const udp = by('connect', 'udp');
const send = by('send', 'udp');
const tcpBind = by('bind', 'tcp');
const udpBind = by('bind', 'udp');
const accept = by('accept', 'tcp');
const liteSend = by('send', '136');
const icmp = (call: Destination['call'], address: string, port: number, rule?: 'ip') =>
  by(call, isIPv4(address) ? '1' : '58')(address, port, rule);

/** Nothing listens there, and nothing needs to. */
const ANY_PORT = 9;
const FREE_PORT = 0;
/** A raw IPv6 socket takes no other one. */
const NO_PORT = 0;
/** A bind that names no family may name no other one. */
const EVERY_ADDRESS = '0.0.0.0';

const fastOpen = (address: string, rule?: 'ip'): Destination => ({
  ...by('send', 'tcp')(address, FREE_PORT, rule),
  by: 'fastopen',
});

/** By addresses of one family. */
const DESTINATIONS: Partial<Record<Route, (site: NetworkSite) => Destination>> = {
  'tcp-connect': ({ address }) => tcp(address, FREE_PORT, 'ip'),
  'udp-connect': ({ address }) => udp(address, ANY_PORT, 'ip'),
  'udp-send': ({ address }) => send(address, ANY_PORT, 'ip'),
  'udp-sendmsg': ({ address }) => ({ ...send(address, ANY_PORT, 'ip'), by: 'sendmsg' }),
  'udp-sendmmsg': ({ address, free }) => ({ ...send(address, ANY_PORT, 'ip'), second: free }),
  'lite-send': ({ address }) => liteSend(address, ANY_PORT, 'ip'),
  'icmp-send': ({ address }) => icmp('send', address, NO_PORT, 'ip'),
  'icmp-connect': ({ address }) => icmp('connect', address, ANY_PORT, 'ip'),
  'fastopen-send': ({ address }) => fastOpen(address, 'ip'),
  'tcp-bind': ({ free, bindPort }) => tcpBind(free, bindPort, 'port'),
  'udp-bind': ({ free, bindPort }) => udpBind(free, bindPort, 'port'),
  'both-bind': ({ free, bothPort }) => udpBind(free, bothPort, 'port'),
  'both-connect': ({ free, bothPort }) => udp(free, bothPort, 'port'),
  'mapped-connect': ({ address }) => ({ ...udp(address, ANY_PORT, 'ip'), form: 'mapped' }),
  'unspec-send': ({ address }) => ({ ...send(address, ANY_PORT, 'ip'), form: 'unspec' }),
  'unspec-bind': ({ bindPort }) => ({
    ...udpBind(EVERY_ADDRESS, bindPort, 'port'),
    form: 'unspec',
  }),
  'short-send': ({ address }) => ({ ...send(address, ANY_PORT, 'ip'), form: 'short' }),
  'held-listen': ({ next, bindPort }) => by('listen', 'tcp')(next, bindPort, 'port'),
  'held-accept': ({ next, bindPort }) => accept(next, bindPort, 'port'),
  'held-receive': ({ address }) => by('receive', 'udp')(address, FREE_PORT, 'ip'),
  'held-send': ({ address }) => send(address, FREE_PORT, 'ip'),
  'held-tcp-send': ({ address }) => by('send', 'tcp')(address, FREE_PORT, 'ip'),
  'held-misnamed-tcp-send': ({ address }) => by('send', 'tcp')(address, FREE_PORT, 'ip'),
  'peer-accept': ({ address, free }) => ({ ...accept(address, FREE_PORT, 'ip'), listener: free }),
  'next-accept': ({ next, free }) => ({ ...accept(next, FREE_PORT), listener: free }),
  'next-tcp-connect': ({ next }) => tcp(next, FREE_PORT),
  'next-udp-connect': ({ next }) => udp(next, ANY_PORT),
  'next-udp-send': ({ next }) => send(next, ANY_PORT),
  'next-udp-sendmsg': ({ next }) => ({ ...send(next, ANY_PORT), by: 'sendmsg' }),
  'next-unspec-send': ({ next }) => ({ ...send(next, ANY_PORT), form: 'unspec' }),
  'next-unspec-bind': ({ bindPort }) => ({
    ...udpBind(EVERY_ADDRESS, bindPort + 1),
    form: 'unspec',
  }),
  'next-short-send': ({ next }) => ({ ...send(next, ANY_PORT), form: 'short' }),
  'next-fastopen-send': ({ next }) => fastOpen(next),
  'next-lite-send': ({ next }) => liteSend(next, ANY_PORT),
  'next-icmp-send': ({ next }) => icmp('send', next, NO_PORT),
  'next-icmp-connect': ({ next }) => icmp('connect', next, ANY_PORT),
  'next-udp-bind': ({ free, bindPort }) => udpBind(free, bindPort + 1),
  'next-both-bind': ({ free, bothPort }) => udpBind(free, bothPort + 1),
  'next-both-connect': ({ free, bothPort }) => udp(free, bothPort + 1),
  'bind-port-connect': ({ free, bindPort }) => udp(free, bindPort),
  'range-first-connect': ({ range }) => udp(range.first, ANY_PORT, 'cidr'),
  'range-last-connect': ({ range }) => udp(range.last, ANY_PORT, 'cidr'),
  'range-send': ({ range }) => send(range.last, ANY_PORT, 'cidr'),
  'before-range-connect': ({ range }) => udp(range.before, ANY_PORT),
  'after-range-connect': ({ range }) => udp(range.after, ANY_PORT),
  'pair-connect': ({ pair, pairPort }) => udp(pair, pairPort, 'ip_port'),
  'pair-tcp-connect': ({ pair, pairPort }) => tcp(pair, pairPort, 'ip_port'),
  'pair-send': ({ pair, pairPort }) => send(pair, pairPort, 'ip_port'),
  'tcp-pair-connect': ({ pair, pairTcpPort }) => tcp(pair, pairTcpPort, 'ip_port'),
  'other-protocol-pair-connect': ({ pair, pairTcpPort }) => udp(pair, pairTcpPort),
  'pair-next-port-connect': ({ pair, pairPort }) => udp(pair, pairPort + 1),
  'pair-other-address-connect': ({ free, pairPort }) => udp(free, pairPort),
  'tcp-port-connect': ({ free, tcpPort }) => tcp(free, tcpPort, 'port'),
  'mptcp-port-connect': ({ free, tcpPort }) => ({ ...tcp(free, tcpPort, 'port'), by: 'mptcp' }),
  'udp-both-port-connect': ({ free, udpBothPort }) => udp(free, udpBothPort, 'port'),
  'udp-both-port-bind': ({ free, udpBothPort }) => udpBind(free, udpBothPort, 'port'),
  'other-protocol-both-bind': ({ free, udpBothPort }) => tcpBind(free, udpBothPort),
  'other-protocol-connect': ({ free, tcpPort }) => udp(free, tcpPort),
  'udp-port-connect': ({ free, udpPort }) => udp(free, udpPort, 'port'),
  'udp-port-send': ({ free, udpPort }) => send(free, udpPort, 'port'),
  'other-protocol-tcp-connect': ({ free, udpPort }) => tcp(free, udpPort),
  'scoped-tcp-connect': ({ scoped }) => tcp(scoped, FREE_PORT, 'cg_ip'),
  'scoped-connect': ({ scoped }) => udp(scoped, ANY_PORT, 'cg_ip'),
  'scoped-send': ({ scoped }) => send(scoped, ANY_PORT, 'cg_ip'),
  'scoped-port-connect': ({ free, scopedPort }) => udp(free, scopedPort, 'cg_port'),
  'scoped-port-send': ({ free, scopedPort }) => send(free, scopedPort, 'cg_port'),
  'scoped-port-both-connect': ({ free, scopedBothPort }) => udp(free, scopedBothPort, 'cg_port'),
  'scoped-port-udp-connect': ({ free, scopedUdpPort }) => udp(free, scopedUdpPort, 'cg_port'),
  'scoped-port-udp-both-connect': ({ free, scopedUdpBothPort }) =>
    udp(free, scopedUdpBothPort, 'cg_port'),
  'scoped-next-connect': ({ free, scopedPort }) => udp(free, scopedPort + 1),
  'egress-port-bind': ({ free, tcpPort }) => tcpBind(free, tcpPort),
};

/** Where this kind of process goes by this route; undefined for a route to a file. */
export function destinationOf(
  kind: Kind,
  route: Route,
  { ipv4, ipv6 }: Pick<Site, 'ipv4' | 'ipv6'>,
) {
  return DESTINATIONS[route]?.(kind.startsWith('network-ipv6') ? ipv6 : ipv4);
}
