import type { MadeSite } from './make-site.ts';
import type { Site } from './site.ts';

/** The sections of a policy, each with its lines. */
export type Sections = Readonly<Record<string, readonly string[]>>;

const inBrackets = (address: string) => (address.includes(':') ? `[${address}]` : address);

/** Every rule of the coverage phase. @param hostPaths of the host's own file rules, which it keeps. */
export function coverageRules(
  { rulePaths, site }: MadeSite,
  hostPaths: readonly string[],
): Sections {
  const families: readonly Site['ipv4'][] = [site.ipv4, site.ipv6];
  const { bindPort, bothPort, tcpPort } = site.ipv4;
  return {
    deny_path: [...hostPaths, ...rulePaths],
    deny_ip: families.map(({ address }) => address),
    deny_cidr: families.map(({ range }) => range.network),
    deny_port: [`${bindPort}:any:bind`, `${bothPort}:any:both`, `${tcpPort}:tcp:egress`],
    deny_ip_port: families.map(({ pair, pairPort }) => `${inBrackets(pair)}:${pairPort}`),
    ...(site.cgroups === undefined ? {} : { allow_cgroup: [site.cgroups.allowed] }),
  };
}

/** A policy of these sections, as a file has it. */
export const policyOf = (sections: Sections) =>
  [
    'version=1\n',
    ...Object.entries(sections).map(([name, lines]) => `\n[${name}]\n${lines.join('\n')}\n`),
  ].join('');
