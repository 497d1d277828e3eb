import { join } from 'node:path';
import { type Destination, destinationOf } from './destinations.ts';
import { FILES, type Site } from './site.ts';
import type { Line, Route } from './table.ts';
import { targetOf } from './wanted-event.ts';

/** Routes that no rule concerns, each with a denied one whose rule it is beside: without that rule it shows nothing. */
const BESIDE: Partial<Record<Route, Route>> = {
  ...{ copy: 'hardlink-before', replaced: 'hardlink-before' },
  ...{ 'hashed-other-byte': 'hashed-read', 'hashed-elsewhere': 'hashed-read' },
  ...{ 'number-other-device': 'number-read', 'number-other-half': 'number-read' },
  ...{ 'merged-beside': 'merged-read', 'merged-lower': 'merged-read' },
  ...{ 'next-tcp-connect': 'tcp-connect', 'next-udp-connect': 'udp-connect' },
  ...{ 'next-udp-send': 'udp-send', 'next-udp-sendmsg': 'udp-sendmsg' },
  ...{ 'next-unspec-send': 'unspec-send', 'next-unspec-bind': 'unspec-bind' },
  ...{ 'next-short-send': 'short-send', 'next-fastopen-send': 'fastopen-send' },
  ...{ 'next-lite-send': 'lite-send', 'next-icmp-send': 'icmp-send' },
  'next-icmp-connect': 'icmp-connect',
  ...{ 'next-accept': 'peer-accept', 'next-udp-bind': 'udp-bind', 'bind-port-connect': 'udp-bind' },
  ...{ 'next-both-bind': 'both-bind', 'next-both-connect': 'both-connect' },
  ...{ 'before-range-connect': 'range-first-connect', 'after-range-connect': 'range-last-connect' },
  ...{ 'pair-next-port-connect': 'pair-connect', 'pair-other-address-connect': 'pair-connect' },
  ...{ 'other-protocol-connect': 'tcp-port-connect', 'egress-port-bind': 'tcp-port-connect' },
  'other-protocol-tcp-connect': 'udp-port-connect',
  'other-protocol-pair-connect': 'tcp-pair-connect',
  'other-protocol-both-bind': 'udp-both-port-connect',
  'scoped-next-connect': 'scoped-port-connect',
};

type Subjects = Pick<Site, 'directory' | 'numbered' | 'ipv4' | 'ipv6'>;

/**
 * The rule that a line of the table is about, as the agent's lists show it, where it is one of those that they do not show.
 * @param missing texts of rules, as CoverageSubjects compares them.
 */
export function missingRuleOf(
  { kind, route, group }: Line,
  site: Subjects,
  missing: readonly string[],
): string | undefined {
  const ruled = BESIDE[route] ?? route;
  const destination = destinationOf(kind, ruled, site);
  const isRule = destination === undefined ? ofFile(ruled, site) : ofNetwork(destination, site);
  return missing.find(
    (text) => isRule(text) || (group === 'exemptions' && text.startsWith('allowed cgroup ')),
  );
}

const ofFile = (route: Route, { directory, numbered }: Subjects) => {
  // No list of the agent shows names of programs.
  if (route.startsWith('exec-')) return () => false;
  if (route === 'same-number') return (text: string) => text === numbered;
  if (route.startsWith('scoped-')) return (text: string) => /^cgid:\d+ \d+:\d+$/.test(text);
  if (route.startsWith('merged-'))
    return (text: string) => text.includes(join(directory, FILES.overlay));
  const target = targetOf(route);
  const folder = target === 'lower' ? join(directory, FILES.layers) : directory;
  return (text: string) => text === join(folder, FILES[target]);
};

function ofNetwork({ rule, protocol, address, port }: Destination, site: Subjects) {
  const family = address.includes(':') ? site.ipv6 : site.ipv4;
  const pair = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return (text: string): boolean => {
    switch (rule) {
      case 'cidr':
        return text === family.range.network;
      case 'port':
        return text.startsWith(`${port} (`);
      case 'ip_port':
        return text === pair || text === `${pair}:${protocol}`;
      case 'cg_ip':
        return text.startsWith('cgid:') && text.endsWith(` ${address}`);
      case 'cg_port':
        return text.startsWith('cgid:') && text.includes(` ${port} (`);
      default:
        return text === address;
    }
  };
}
