import type { OwnFile } from '../changes/own-file.ts';
import { BY_ADDRESS, BY_INODE, BY_PORT, NET_BLOCKS, type Series } from '../soak/counters.ts';
import { type Destination, destinationOf } from './destinations.ts';
import { FILES, type Site } from './site.ts';
import { BY_DENIED_NAME, type Line, type Route } from './table.ts';

/** What the event of a denied route must tell of what was tried, and which counters it moves. */
export interface WantedEvent {
  /** Fields by name; what is not here is free. */
  readonly fields: { readonly type: string } & Readonly<Record<string, unknown>>;
  /** Where the agent counts it besides the totals (docs/agent-contract.md §3.1); undefined where that is not promised. */
  readonly series: readonly Series[] | undefined;
  /** The program that is denied by name: told in place of its caller's name, and counted in the total alone. */
  readonly program?: string;
}

/** Files that routes lead to; the others lead to the secret one. */
const TARGETS: Partial<Record<Route, keyof typeof FILES>> = {
  'rule-by-symlink': 'viaSymlink',
  ...{ 'hardlink-before': 'linked', 'hardlink-after': 'linked' },
  ...{ rename: 'linked', exchange: 'linked', 'folder-read': 'folder' },
  ...{ exec: 'program', execveat: 'program', interpreter: 'program' },
  ...{ 'number-read': 'byNumber', 'number-append': 'byNumber', 'number-hardlink': 'byNumber' },
  ...{ 'survivor-read': 'survivor', 'survivor-exec': 'survivor' },
  ...{ 'twin-read': 'survivorTwin', 'twin-exec': 'survivorTwin' },
  ...{ 'hashed-read': 'hashed', 'hashed-exec': 'hashed', 'hashed-twin-read': 'hashedTwin' },
  ...{ 'merged-read': 'mergedRead', 'merged-chmod': 'mergedRead', 'merged-truncate': 'mergedRead' },
  ...{ 'guarded-read': 'guarded', 'guarded-append': 'guarded' },
  ...{ 'scoped-read': 'scoped', 'scoped-append': 'scoped' },
  ...{ 'overlay-read': 'lower', 'overlay-append': 'lower', 'overlay-truncate': 'lower' },
};

export const targetOf = (route: Route): keyof typeof FILES => TARGETS[route] ?? 'secret';

/** As the agent names each call (docs/agent-contract.md §4.1). */
export const NETWORK_FIELDS = {
  connect: { type: 'net_connect_block', direction: 'egress' },
  send: { type: 'net_sendmsg_block', direction: 'send' },
  bind: { type: 'net_bind_block', direction: 'bind' },
  listen: { type: 'net_listen_block', direction: 'listen' },
  accept: { type: 'net_accept_block', direction: 'accept' },
  receive: { type: 'net_recvmsg_block', direction: 'recv' },
} as const;
/** A port rule concerns the port of one's own in these, and that of the other side in connects. */
const AT_HOME: readonly Destination['call'][] = ['bind', 'listen', 'accept'];

const COPYING_UP: readonly Route[] = ['merged-chmod', 'merged-truncate'];

const BY_PORT_ALONE: readonly Destination['rule'][] = ['port', 'cg_port'];

/** What routes lead to. */
interface Subjects {
  readonly site: Pick<Site, 'ipv4' | 'ipv6' | 'names'>;
  readonly denied: readonly Pick<OwnFile, 'path' | 'dev' | 'ino'>[];
}

/** @throws Error for a route to a file that has no rule. */
export function wantedEvent({ kind, route }: Line, { site, denied }: Subjects): WantedEvent {
  const destination = destinationOf(kind, route, site);
  if (destination === undefined) {
    if (BY_DENIED_NAME.includes(route))
      return {
        ...{ fields: { type: 'block', dev: 0, ino: 0 }, series: [] },
        program: site.names.denied,
      };
    const name = FILES[targetOf(route)];
    const file = denied.find(({ path }) => path.endsWith(`/${name}`));
    if (file === undefined) throw new Error(`${name} has no rule`);
    const { dev, ino } = file;
    // Another file of the overlay in each mode.
    if (COPYING_UP.includes(route)) return { fields: { type: 'block', dev }, series: undefined };
    return { fields: { type: 'block', dev, ino }, series: [[BY_INODE, 'inode', `${dev}:${ino}`]] };
  }
  const { call, protocol, address, port, rule, form } = destination;
  const fields = { ...NETWORK_FIELDS[call], protocol };
  // Which of its two forms such an address is told and counted in is not promised.
  if (form === 'mapped') return { fields: { ...fields, remote_port: port }, series: undefined };
  const where =
    rule === 'port' && AT_HOME.includes(call)
      ? { local_port: port }
      : { remote_ip: address, ...(port === 0 ? {} : { remote_port: port }) };
  return {
    fields: {
      ...{ ...fields, family: address.includes(':') ? 'ipv6' : 'ipv4' },
      ...{ ...where, rule_type: rule },
    },
    series: [
      [NET_BLOCKS, 'type', call === 'connect' ? call : fields.direction],
      ...(BY_PORT_ALONE.includes(rule) ? [] : [[BY_ADDRESS, 'ip', address] as const]),
      ...(rule === 'ip_port' || BY_PORT_ALONE.includes(rule)
        ? [[BY_PORT, 'port', String(port)] as const]
        : []),
    ],
  };
}
