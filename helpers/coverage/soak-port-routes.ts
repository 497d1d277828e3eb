import { bind, connect, SOCK_DGRAM, SOCK_STREAM, send } from './network-routes.ts';

/** In the network namespace of whoever takes the routes. An address without a group of zeros has one spelling. */
const FAMILIES = { ipv4: '127.0.0.1', ipv6: 'fd77:1:1:1:1:1:1:1' } as const;
export const IPV6 = FAMILIES.ipv6;

/** A call on a socket that a rule on its port concerns, and what its event must tell. */
export interface PortRoute {
  readonly family: keyof typeof FAMILIES;
  readonly address: string;
  readonly protocol: 'tcp' | 'udp';
  readonly call: 'connect' | 'send' | 'bind';
}

const CALLS: readonly Pick<PortRoute, 'protocol' | 'call'>[] = [
  { protocol: 'tcp', call: 'connect' },
  { protocol: 'udp', call: 'connect' },
  { protocol: 'udp', call: 'send' },
  { protocol: 'tcp', call: 'bind' },
  { protocol: 'udp', call: 'bind' },
];

const ofFamily = (family: PortRoute['family'], digit: string) =>
  CALLS.map(({ protocol, call }) => {
    const route: PortRoute = { family, address: FAMILIES[family], protocol, call };
    return [`${protocol}${digit}-${call}`, route] as const;
  });

/** Every call by a name of its own. */
export const SOAK_PORT_ROUTES: ReadonlyMap<string, PortRoute> = new Map([
  ...ofFamily('ipv4', ''),
  ...ofFamily('ipv6', '6'),
]);

/** Nothing listens there: whoever is let through is told so by the other side. */
const NO_LISTENER = 'ECONNREFUSED';

/** Makes the call. */
export function reachPort({ protocol, call, address }: PortRoute, port: number): void {
  try {
    const type = protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
    ({ bind, connect, send })[call](address, port, type);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== NO_LISTENER) throw error;
  }
}
