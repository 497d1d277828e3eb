import { lstatSync, statfsSync } from 'node:fs';
import { isIP } from 'node:net';

/** What a process of ours does to see whether a rule denies; none of it changes anything, or leaves the host. */
export type Attempt =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'connect';
      readonly protocol: 'tcp' | 'udp';
      readonly address: string;
      readonly port: number;
    };

/** A rule as the policy has it, and how it is tried. */
export interface SampledRule {
  readonly section: string;
  readonly rule: string;
  readonly attempt: Attempt;
}

/** Rules of one section that are not tried, and why. */
export interface NotTried {
  readonly section: string;
  readonly reason: string;
  readonly rules: number;
}

/** So many of a section are tried, if it has as many: the first, the last, the middle one and one between each. */
const SAMPLE = 5;
/** Nothing listens there, and nothing needs to. */
const ANY_PORT = 9;
/** Magic numbers of statfs(2) of filesystems where an open for reading has no effect and waits for nobody. */
const HARMLESS_FILESYSTEMS = new Set([
  ...[0xef53n, 0x5846_5342n, 0x0102_1994n, 0xf2f5_2010n],
  ...[0x9123_683en, 0x794c_7630n],
]);
/** Sections whose rules deny nothing. */
const NO_DENIALS = ['allow_cgroup', 'scan_paths', 'protect_runtime_deps'];
/** Sections without lines of their own. */
const SWITCHES = ['deny_ptrace', 'deny_module_load', 'deny_bpf', 'protect_connect'];

type Plan = Attempt | string;

/** A UDP connect sends nothing. */
const byUdp = (address: string, port = ANY_PORT): Plan =>
  isIP(address) === 0
    ? 'no address that we can read'
    : { kind: 'connect', protocol: 'udp', address, port };

function planFile(path: string): Plan {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'not there';
  if (stat.isSymbolicLink()) return 'a symbolic link';
  if (!stat.isFile()) return 'no regular file';
  return HARMLESS_FILESYSTEMS.has(statfsSync(path, { bigint: true }).type)
    ? { kind: 'file', path }
    : 'on a filesystem where an open may have effects';
}

function planPair(rule: string): Plan {
  const [, six, four, port, protocol] =
    /^(?:\[([^\]]+)\]|([\d.]+)):(\d+)(?::(\w+))?$/.exec(rule) ?? [];
  const address = six ?? four;
  if (address === undefined) return 'no address and port that we can read';
  if (protocol !== 'tcp') return byUdp(address, Number(port));
  return address === '::1' || address.startsWith('127.')
    ? { kind: 'connect', protocol, address, port: Number(port) }
    : 'a TCP connect would leave the host';
}

function planPort(rule: string): Plan {
  const [port = '', protocol = 'any', direction = 'both'] = rule.split(':');
  if (direction === 'bind') return 'a bind could take the port from a service';
  const [isTcp, address] = [protocol === 'tcp', '127.0.0.1'];
  return isTcp
    ? { kind: 'connect', protocol: 'tcp', address, port: Number(port) }
    : byUdp(address, Number(port));
}

/** How the rules of a section are tried; the grammar stands in docs/agent-contract.md §1.5. */
const PLANS: Readonly<Record<string, (rule: string) => Plan>> = {
  deny_path: planFile,
  deny_ip: (rule) => byUdp(rule),
  deny_cidr: (rule) => byUdp(rule.split('/')[0] ?? ''),
  deny_ip_port: planPair,
  deny_port: planPort,
  deny_inode: () => 'a number leads to no path',
  deny_comm: () => 'no program of the host is started',
  protect_path: () => 'denied to programs that are not verified alone',
  cgroup_deny_inode: () => 'no process of ours is in that cgroup',
  cgroup_deny_ip: () => 'no process of ours is in that cgroup',
  cgroup_deny_port: () => 'no process of ours is in that cgroup',
};

/** The rules of each section of a policy. */
export function sectionsOf(text: string): ReadonlyMap<string, readonly string[]> {
  const sections = new Map<string, string[]>();
  let section: string | undefined;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    const [, heading] = /^\[\s*(\w+)\s*\]$/.exec(line) ?? [];
    section = heading ?? section;
    if (section === undefined) continue;
    const rules = sections.get(section) ?? [];
    sections.set(section, rules);
    if (heading === undefined && line !== '' && !line.startsWith('#')) rules.push(line);
  }
  for (const name of SWITCHES) if (sections.has(name)) sections.set(name, [name]);
  return sections;
}

/** So many of a list, evenly from the first to the last. */
export function evenly<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, index) =>
    Math.round((index * (list.length - 1)) / (count - 1)),
  ).flatMap((index) => list[index] ?? []);
}

/** Rules of a policy that are tried, of those that can be tried without harm, and what is said of all others. */
export function sampleOf(text: string): {
  readonly tried: readonly SampledRule[];
  readonly notTried: readonly NotTried[];
} {
  const tried: SampledRule[] = [];
  const notTried: NotTried[] = [];
  for (const [section, rules] of sectionsOf(text)) {
    if (NO_DENIALS.includes(section)) continue;
    const plan = PLANS[section] ?? (() => 'it cannot be tried without an effect on the host');
    const reasons = new Map<string, number>();
    const harmless: SampledRule[] = [];
    for (const rule of rules) {
      const planned = plan(rule);
      if (typeof planned === 'string') reasons.set(planned, (reasons.get(planned) ?? 0) + 1);
      else harmless.push({ section, rule, attempt: planned });
    }
    const sample = evenly(harmless, SAMPLE);
    tried.push(...sample);
    if (sample.length < harmless.length)
      reasons.set('beside the sample', harmless.length - sample.length);
    for (const [reason, count] of reasons) notTried.push({ section, reason, rules: count });
  }
  return { tried, notTried };
}
