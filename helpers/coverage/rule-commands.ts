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
  section: string,
  [kind, route]: readonly [Kind, Route],
): RuleCommand => ({ command, rule, section, kind, route, withRule: 'refused' });

/** One rule of each kind that has a command. The coverage phase's policy has them all. */
export function ruleCommands({ site, denied, scoped }: MadeSite): readonly RuleCommand[] {
  const { ipv4, ipv6, cgroups } = site;
  const { tcpPort, pair, pairPort, scopedPort } = ipv4;
  const port = ['--port', `${tcpPort}`, '--protocol', 'tcp', '--direction', 'egress'];
  const network = [
    denies(NETWORK, ['--ip', ipv4.address], 'deny_ip', ['network', 'udp-connect']),
    denies(NETWORK, ['--ip', ipv6.address], 'deny_ip', ['network-ipv6', 'udp-connect']),
    ...[ipv4, ipv6].map(({ range }, index) =>
      denies(NETWORK, ['--cidr', range.network], 'deny_cidr', [
        index === 0 ? 'network' : 'network-ipv6',
        'range-last-connect',
      ]),
    ),
    denies(NETWORK, port, 'deny_port', ['network', 'tcp-port-connect']),
    denies(NETWORK, ['--ip-port', `${pair}:${pairPort}`], 'deny_ip_port', [
      'network',
      'pair-connect',
    ]),
  ];
  const [secret] = denied;
  const files =
    secret === undefined ? [] : [denies(['block'], [secret.path], 'deny_path', ['root', 'read'])];
  if (cgroups === undefined) return [...network, ...files];
  const inRuled = (...rule: readonly string[]) => ['--cgroup', cgroups.ruled, ...rule];
  const scopedPortRule = inRuled('--port', `${scopedPort}`, '--direction', 'egress');
  return [
    // Is exempt from the rule on the file, which therefore comes last.
    {
      ...{ command: ['allow'], rule: [cgroups.allowed], section: 'allow_cgroup' },
      ...{ kind: 'exempt', route: 'read', withRule: 'passed' },
    },
    ...network,
    denies(CGROUP, inRuled('--inode', `${scoped.dev}:${scoped.ino}`), 'cgroup_deny_inode', [
      'ruled',
      'scoped-read',
    ]),
    denies(CGROUP, inRuled('--ip', ipv4.scoped), 'cgroup_deny_ip', ['ruled', 'scoped-connect']),
    denies(CGROUP, scopedPortRule, 'cgroup_deny_port', ['ruled', 'scoped-port-connect']),
    ...files,
  ];
}

/** What came of one of them. */
export interface TriedCommand {
  /** `network deny add --ip ADDRESS`, or the `del` that was given before it. */
  readonly words: string;
  /** What is wrong; absent where the rule was gone, and is in force again. */
  readonly problem?: string;
  /** Why it could not be tried; the criterion of the route says the same. */
  readonly notRun?: string;
  /** Why nobody knows what came of it. */
  readonly unknown?: string;
}

/** Whether each of them did what its exit code said. */
export function judgeCommands(tried: readonly TriedCommand[], source: string): Judgement {
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
  if (done.length === 0)
    return inconclusive(`no rule could be taken away by a command${besides}`, measured);
  return pass(
    `${counted(done.length, 'rule')}, one of each kind, taken away and put back by a command each${besides}`,
    measured,
  );
}
