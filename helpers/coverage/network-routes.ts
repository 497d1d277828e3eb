import { readFileSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import type { Destination } from './destinations.ts';
import { addressOf, call } from './libc.ts';

/** <sys/socket.h>, the same on x64 and arm64. */
const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
/** 0: what the type of a socket has by default. */
const IPPROTO_DEFAULT = 0;
const IPPROTO_MPTCP = 262;
/** Echo requests with nothing in them, by their protocol (RFC 792, RFC 4443); the kernel makes the checksum of ICMPv6. */
const ECHO_REQUESTS: Partial<Record<Destination['protocol'], Buffer>> = {
  '1': Buffer.from([8, 0, 0xf7, 0xff, 0, 0, 0, 0]),
  '58': Buffer.from([128, 0, 0, 0, 0, 0, 0, 0]),
};
/** Which groups may make ICMP sockets in a network namespace (icmp(7)). */
const ICMP_GROUPS = '/proc/sys/net/ipv4/ping_group_range';
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
/** <linux/sockios.h>, <net/if.h> */
const SIOCSIFFLAGS = 0x8914;
const SIOCSIFADDR = 0x8916;
const IFF_UP = 1;
const LOOPBACK_INDEX = 1;
/** <linux/if_addr.h> */
const IFA_F_TENTATIVE = 0x40;
/** <sys/socket.h>: connects and sends by one call, about which the kernel asks no hook on connects. */
const MSG_FASTOPEN = 0x2000_0000;
const MMSGHDR_BYTES = 64;
/** Of a struct sockaddr_in6 without its scope: the kernel's SIN6_LEN_RFC2133. */
const SHORT_BYTES = 24;
const USABLE_MS = 5000;
const POLL_MS = 5;
const WAIT = new Int32Array(new SharedArrayBuffer(4));

/** `fd77:1:…:1` with all eight groups, as our addresses are written, or four decimals. */
function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const groups = address.split(':').map((group) => Number.parseInt(group, 16));
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** `::ffff:a.b.c.d` (RFC 4291), with all eight groups. */
function inIpv6(address: string): string {
  const hex = addressBytes(address).toString('hex');
  return `0:0:0:0:0:ffff:${hex.slice(0, 4)}:${hex.slice(4)}`;
}

export function socketAddress(address: string, port: number, form?: Destination['form']): Buffer {
  const isFour = isIPv4(address);
  const bytes = Buffer.alloc(isFour ? 16 : 28);
  if (form === 'unspec') bytes.writeUInt16LE(AF_UNSPEC);
  else bytes.writeUInt16LE(isFour ? AF_INET : AF_INET6);
  bytes.writeUInt16BE(port, 2);
  addressBytes(address).copy(bytes, isFour ? 4 : 8);
  return form === 'short' ? bytes.subarray(0, SHORT_BYTES) : bytes;
}

export const openSocket = (address: string, type: number, protocol = IPPROTO_DEFAULT): number =>
  call('socket', isIPv4(address) ? AF_INET : AF_INET6, type, protocol);

/** Makes a socket for this address, and closes it when done. */
function withSocket(
  address: string,
  type: number,
  use: (socket: number) => void,
  protocol?: number,
): void {
  const socket = openSocket(address, type, protocol);
  try {
    use(socket);
  } finally {
    call('close', socket);
  }
}

const to =
  (name: 'bind' | 'connect') =>
  (socket: number, address: string, port: number, form?: Destination['form']) => {
    const bytes = socketAddress(address, port, form);
    call(name, socket, bytes, bytes.length);
  };
export const bindTo = to('bind');
/** A listener of ours is there where one can be; a datagram needs none. */
export const connectTo = to('connect');

/** The port that a socket got. */
export function portOf(socket: number): number {
  const [bytes, length] = [Buffer.alloc(28), Buffer.alloc(4)];
  length.writeUInt32LE(bytes.length);
  call('getsockname', socket, bytes, length);
  return bytes.readUInt16BE(2);
}

export const bind = (address: string, port: number, type: number, form?: Destination['form']) =>
  withSocket(address, type, (socket) => bindTo(socket, address, port, form));
export const connect = (address: string, port: number, type: number, protocol?: number) =>
  withSocket(address, type, (socket) => connectTo(socket, address, port), protocol);

/** @param use is told the port that the listener got. */
function withListener(
  address: string,
  port: number,
  use: (listener: number, port: number) => void,
): void {
  withSocket(address, SOCK_STREAM, (listener) => {
    // Others of ours try the same port a moment before or after.
    const on = Buffer.alloc(4);
    on.writeInt32LE(1);
    call('setsockopt', listener, SOL_SOCKET, SO_REUSEADDR, on, on.length);
    bindTo(listener, address, port);
    call('listen', listener, 1);
    use(listener, portOf(listener));
  });
}

/** A listener of TCP takes connections by MPTCP as well (RFC 8684, fallback). */
const connectToListener = (address: string, port: number, protocol: number) =>
  withListener(address, port, (_, given) => connect(address, given, SOCK_STREAM, protocol));

/** Accepts one connection, which comes from this address of ours. */
export function acceptFrom(peer: string, listener: number, address: string, port: number): void {
  withSocket(peer, SOCK_STREAM, (client) => {
    bindTo(client, peer, 0);
    connectTo(client, address, port);
    call('close', call('accept', listener, null, null));
  });
}

/** No connect, so that the send itself is what is asked for. */
export const send = (
  address: string,
  port: number,
  type = SOCK_DGRAM,
  protocol?: number,
  bytes: Buffer = Buffer.from('x'),
  form?: Destination['form'],
) =>
  withSocket(
    address,
    type,
    (socket) => {
      const to = socketAddress(address, port, form);
      call('sendto', socket, bytes, bytes.length, 0, to, to.length);
    },
    protocol,
  );

/** A connection and its first byte, by one sendto. */
const sendFastOpen = (address: string, port: number) =>
  withListener(address, port, (_, given) =>
    withSocket(address, SOCK_STREAM, (socket) => {
      const to = socketAddress(address, given);
      call('sendto', socket, Buffer.from('x'), 1, MSG_FASTOPEN, to, to.length);
    }),
  );

/** As structs mmsghdr, of which a struct msghdr is the beginning (<sys/socket.h>). One byte goes to each address. */
function withMessages(addresses: readonly string[], port: number, use: (messages: Buffer) => void) {
  const byte = Buffer.from('x');
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(addressOf(byte));
  vector.writeBigUInt64LE(1n, 8);
  const names = addresses.map((address) => socketAddress(address, port));
  const messages = names.map((name) => {
    const message = Buffer.alloc(MMSGHDR_BYTES);
    message.writeBigUInt64LE(addressOf(name));
    message.writeUInt32LE(name.length, 8);
    message.writeBigUInt64LE(addressOf(vector), 16);
    message.writeBigUInt64LE(1n, 24);
    return message;
  });
  use(Buffer.concat(messages));
}

const sendMessage = (address: string, port: number) =>
  withSocket(address, SOCK_DGRAM, (socket) =>
    withMessages([address], port, (message) => call('sendmsg', socket, message, 0)),
  );

/** The kernel tells the error of the first datagram alone. */
const sendTwo = (addresses: readonly [string, string], port: number) =>
  withSocket(addresses[0], SOCK_DGRAM, (socket) =>
    withMessages(addresses, port, (messages) => {
      const sent = call('sendmmsg', socket, messages, addresses.length, 0);
      if (sent !== addresses.length) throw new Error(`sendmmsg: ${sent} of ${addresses.length}`);
    }),
  );

/** In a network namespace of the process's own, whose loopback has nothing yet. */
export function addLoopbackAddresses(addresses: readonly string[]): void {
  withSocket('0:0:0:0:0:0:0:0', SOCK_DGRAM, (socket) => {
    const flags = Buffer.alloc(40);
    flags.write('lo');
    flags.writeUInt16LE(IFF_UP, 16);
    call('ioctl', socket, SIOCSIFFLAGS, flags);
    for (const address of addresses) {
      const request = Buffer.alloc(24);
      addressBytes(address).copy(request);
      request.writeUInt32LE(128, 16);
      request.writeInt32LE(LOOPBACK_INDEX, 20);
      call('ioctl', socket, SIOCSIFADDR, request);
    }
  });
  const end = performance.now() + USABLE_MS;
  while (!addresses.every(isUsable) && performance.now() < end) Atomics.wait(WAIT, 0, 0, POLL_MS);
}

/** In a network namespace of the process's own: a new one lets nobody make ICMP sockets, root neither. */
export const allowIcmpSockets = () => writeFileSync(ICMP_GROUPS, '0 0');

/** The kernel makes a new address usable a moment later, also on the loopback. */
function isUsable(address: string): boolean {
  const line = new RegExp(`^${addressBytes(address).toString('hex')} \\w+ \\w+ \\w+ (\\w+)`, 'm');
  const [, flags] = line.exec(readFileSync('/proc/net/if_inet6', 'utf8')) ?? [];
  return flags !== undefined && (Number.parseInt(flags, 16) & IFA_F_TENTATIVE) === 0;
}

/** Takes a route of the network. */
export function reach(destination: Destination): void {
  const { call: name, protocol, address, port, form, by, second, listener: at } = destination;
  const type = protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
  const echo = ECHO_REQUESTS[protocol];
  const number = type === SOCK_STREAM || protocol === 'udp' ? IPPROTO_DEFAULT : Number(protocol);
  if (name === 'bind') bind(address, port, type, form);
  else if (second !== undefined) sendTwo([address, second], port);
  else if (by === 'sendmsg') sendMessage(address, port);
  else if (by === 'fastopen') sendFastOpen(address, port);
  else if (name === 'send')
    send(address, port, echo === undefined ? type : SOCK_RAW, number, echo, form);
  else if (at !== undefined)
    withListener(at, port, (listener, given) => acceptFrom(address, listener, at, given));
  else if (protocol === 'tcp')
    connectToListener(address, port, by === 'mptcp' ? IPPROTO_MPTCP : IPPROTO_DEFAULT);
  else connect(form === 'mapped' ? inIpv6(address) : address, port, type, number);
}
