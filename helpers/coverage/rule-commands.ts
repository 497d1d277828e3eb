import { cgroupId } from '../changes/rules.ts';
import { fail, inconclusive, type Judgement, pass } from '../criteria/judgement.ts';
import { counted } from '../text/counted.ts';
import type { MadeSite } from './make-site.ts';
import type { Answer } from './site.ts';
import type { Kind, Route } from './table.ts';

/** A rule of ours that the agent's commands take away and put back, and what shows whether it is in force. */
export interface RuleCommand {
  /** Words before `add` or `del` (docs/agent-contract.md §1.2). */
  readonly command: readonly string[];
  /** Words behind it, which name the rule. */
  readonly rule: readonly string[];
  /** The section of a policy that has rules of this kind. */
  readonly section: string;
  /** The rule as a line of that section. */
  readonly line: string;
  /** As the agent's lists show it, by which CoverageSubjects knows what is missing. */
  readonly listed: string;
  readonly kind: Kind;
  readonly route: Route;
  /** What becomes of the route while the rule is there. */
  readonly withRule: Answer['outcome'];
}

const NETWORK = ['network', 'deny'] as const;
const CGROUP = ['cgroup', 'deny'] as const;

const denies = (
  command: readonly string[],
  rule: readonly string[],
  [section, line]: readonly [section: string, line: string],
  [kind, route]: readonly [Kind, Route],
): RuleCommand => ({
  ...{ command, rule, section, line, kind, route },
  ...{ listed: line, withRule: 'refused' },
});

/** One rule of each kind that has a command. The coverage phase's policy has them all. */
export function ruleCommands({ site, denied, scoped }: MadeSite): readonly RuleCommand[] {
  const { ipv4, ipv6, cgroups } = site;
  const { tcpPort, pair, pairPort, scopedPort } = ipv4;
  const families = [
    { kind: 'network', ...ipv4 },
    { kind: 'network-ipv6', ...ipv6 },
  ] as const;
  const onPair = `${pair}:${pairPort}`;
  const port = ['--port', `${tcpPort}`, '--protocol', 'tcp', '--direction', 'egress'];
  const onPort = denies(
    NETWORK,
    port,
    ['deny_port', `${tcpPort}:tcp:egress`],
    ['network', 'tcp-port-connect'],
  );
  const network = [
    ...families.map(({ kind, address }) =>
      denies(NETWORK, ['--ip', address], ['deny_ip', address], [kind, 'udp-connect']),
    ),
    ...families.map(({ kind, range: { network } }) =>
      denies(NETWORK, ['--cidr', network], ['deny_cidr', network], [kind, 'range-last-connect']),
    ),
    { ...onPort, listed: `${tcpPort} (tcp, egress)` },
    denies(NETWORK, ['--ip-port', onPair], ['deny_ip_port', onPair], ['network', 'pair-connect']),
  ];
  const [secret] = denied;
  const files =
    secret === undefined
      ? []
      : [denies(['block'], [secret.path], ['deny_path', secret.path], ['root', 'read'])];
  if (cgroups === undefined) return [...network, ...files];
  const inRuled = (...rule: readonly string[]) => ['--cgroup', cgroups.ruled, ...rule];
  const inRuledBy = (section: string, line: string) =>
    [`cgroup_deny_${section}`, `${cgroups.ruled} ${line}`] as const;
  const scopedPortRule = inRuled('--port', `${scopedPort}`, '--direction', 'egress');
  const number = `${scoped.dev}:${scoped.ino}`;
  const ofRuled = (one: RuleCommand, listed: string): RuleCommand => ({
    ...one,
    listed: `cgid:${cgroupId(cgroups.ruled)} ${listed}`,
  });
  return [
    // Is exempt from the rule on the file, which therefore comes last.
    {
      ...{ command: ['allow'], rule: [cgroups.allowed], section: 'allow_cgroup' },
      ...{ line: cgroups.allowed, kind: 'exempt', route: 'read', withRule: 'passed' },
      listed: `allowed cgroup ${cgroupId(cgroups.allowed)}`,
    },
    ...network,
    ofRuled(
      denies(CGROUP, inRuled('--inode', number), inRuledBy('inode', number), [
        'ruled',
        'scoped-read',
      ]),
      number,
    ),
    ofRuled(
      denies(CGROUP, inRuled('--ip', ipv4.scoped), inRuledBy('ip', ipv4.scoped), [
        'ruled',
        'scoped-connect',
      ]),
      ipv4.scoped,
    ),
    ofRuled(
      denies(CGROUP, scopedPortRule, inRuledBy('port', `${scopedPort}:any:egress`), [
        'ruled',
        'scoped-port-connect',
      ]),
      `${scopedPort} (any, egress)`,
    ),
    ...files,
  ];
}

/** What came of one of them. */
export interface TriedRule {
  /** `network deny add --ip ADDRESS`, or the `del` that was given before it; or a line of a policy. */
  readonly words: string;
  /** What is wrong; absent where the rule was gone when it had to be, and in force when it had to be. */
  readonly problem?: string;
  /** Why it could not be tried; the criterion of the route says the same. */
  readonly notRun?: string;
  /** Why nobody knows what came of it. */
  readonly unknown?: string;
}

/** Whether each of them did what its exit code said. @param what was done with each rule, in words. */
export function judgeRules(tried: readonly TriedRule[], what: string, source: string): Judgement {
  const done = tried.filter(({ notRun, unknown }) => (notRun ?? unknown) === undefined);
  const unknown = tried.flatMap(({ words, unknown }) =>
    unknown ? `\`${words}\`: ${unknown}` : [],
  );
  const wrong = done.flatMap(({ problem }) => problem ?? []);
  const notRun = tried.flatMap(({ words, notRun }) => (notRun ? `\`${words}\` (${notRun})` : []));
  const besides = notRun.length === 0 ? '' : `; not tried: ${notRun.join(', ')}`;
  const measured = { value: done.length - wrong.length, limit: done.length, unit: 'rules', source };
  if (wrong.length > 0) return fail(`${wrong.join('; ')}${besides}`, measured);
  if (unknown.length > 0) return inconclusive(`${unknown.join('; ')}${besides}`, measured);
  if (done.length === 0) return inconclusive(`no rule could be tried${besides}`, measured);
  return pass(`${counted(done.length, 'rule')}, one of each kind, ${what}${besides}`, measured);
}
