import { isIP, isIPv4, isIPv6 } from 'node:net';
import { wholeLines } from './lines.ts';
import { accepted, type Parsed, quote, refused } from './parsed.ts';

/**
 * `network deny list`, entries as listed: `ports` like `8080 (tcp, egress)`, `ipPorts` like
 * `10.0.0.1:80:tcp` or `[::1]:80`. A type, not an interface, so that its entries can be walked.
 */
export type NetworkRules = Readonly<
  Record<'ips' | 'cidrs' | 'ports' | 'ipPorts', readonly string[]>
>;

interface Section {
  readonly key: keyof NetworkRules;
  readonly heading: string;
  readonly expected: string;
  readonly fits: (entry: string) => boolean;
}

const MAX_PORT = 65_535;
const isAddress = (text: string) => isIP(text) !== 0;
const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= MAX_PORT;

const SECTIONS: readonly Section[] = [
  { key: 'ips', heading: 'Denied IPs:', expected: 'an IP address', fits: isAddress },
  { key: 'cidrs', heading: 'Denied CIDRs:', expected: 'address/prefix', fits: isCidr },
  {
    key: 'ports',
    heading: 'Denied Ports:',
    expected: 'port (protocol, direction)',
    fits: isPortRule,
  },
  {
    key: 'ipPorts',
    heading: 'Denied IP:Port Rules:',
    expected: 'address:port[:protocol]',
    fits: isIpPortRule,
  },
];

function isCidr(entry: string): boolean {
  const [, address = '', prefix = ''] = /^(.*)\/(\d{1,3})$/.exec(entry) ?? [];
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  return prefix !== '' && Number(prefix) <= bits;
}

function isPortRule(entry: string): boolean {
  const [, port = ''] =
    /^(\d+) \((?:any|tcp|udp|\d{1,3}), (?:egress|bind|both|unknown)\)$/.exec(entry) ?? [];
  return isPort(port);
}

function isIpPortRule(entry: string): boolean {
  const [, six, four, port = ''] =
    /^(?:\[([^\]]*)\]|([^:]*)):(\d+)(?::(?:any|tcp|udp|\d{1,3}))?$/.exec(entry) ?? [];
  return isPort(port) && (six === undefined ? isIPv4(four ?? '') : isIPv6(six));
}

/**
 * Reads `network deny list` (docs/agent-contract.md §1.2): four headings in order, each once, entries
 * indented by two blanks. All headings are printed even without rules, so an empty text is no data.
 */
export function parseNetworkDenyList(text: string): Parsed<NetworkRules> {
  const lines = wholeLines(text, 'network deny list');
  if (!lines.ok) return lines;
  const rules: Record<keyof NetworkRules, string[]> = {
    ips: [],
    cidrs: [],
    ports: [],
    ipPorts: [],
  };
  const headings = SECTIONS.values();
  let section: Section | undefined;
  let next = headings.next().value;
  for (const [index, line] of lines.value.entries()) {
    if (line === '') continue;
    if (line === next?.heading) {
      section = next;
      next = headings.next().value;
    } else if (section !== undefined && line.startsWith('  ') && section.fits(line.slice(2))) {
      rules[section.key].push(line.slice(2));
    } else {
      const wanted = [
        ...(section === undefined ? [] : [`  ${section.expected}`]),
        ...(next === undefined ? [] : [next.heading]),
      ].map((part) => `\`${part}\``);
      return refused(
        `network deny list: expected ${wanted.join(' or ')}, saw ${quote(line)} at line ${index + 1}`,
      );
    }
  }
  if (next === undefined) return accepted(rules);
  return refused(
    `network deny list: expected the heading \`${next.heading}\`, saw the end of the text at line ${lines.value.length + 1}`,
  );
}
