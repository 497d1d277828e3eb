import type { MadeSite } from './make-site.ts';
import { type RuleCommand, ruleCommands } from './rule-commands.ts';

/** A rule that an agent may be asked to keep without any other, and what shows whether it is in force. */
export interface LoneRule extends Pick<RuleCommand, 'section' | 'line' | 'kind' | 'route'> {
  /** Words before and behind `add` and `del`, where the rule has commands that no rule before it had. */
  readonly byCommand?: Pick<RuleCommand, 'command' | 'rule' | 'listed'>;
}

/**
 * One rule of each table that the agent asks before it asks about a rule at all: where it takes all of a kind to be
 * empty, its hooks let everything through (docs/agent-contract.md §6.1). Rules on files come last, for the host may have some.
 */
export function loneRules(made: MadeSite): readonly LoneRule[] {
  const denied = ruleCommands(made).filter(({ withRule }) => withRule === 'refused');
  const { pair, pairPort } = made.site.ipv6;
  const { byNumber, guarded } = made;
  const ofFiles: readonly LoneRule[] = [
    {
      ...{ section: 'deny_inode', line: `${byNumber.dev}:${byNumber.ino}` },
      ...{ kind: 'root', route: 'number-read' },
    },
    { section: 'protect_path', line: guarded.path, kind: 'root', route: 'guarded-read' },
  ];
  const pairByIpv6: LoneRule = {
    ...{ section: 'deny_ip_port', line: `[${pair}]:${pairPort}` },
    ...{ kind: 'network-ipv6', route: 'pair-connect' },
  };
  const withCommand = denied.map((one, index): LoneRule => {
    const { command, rule, section, line, listed, kind, route } = one;
    const isFirst = denied.findIndex((other) => other.section === section) === index;
    return {
      section,
      line,
      kind,
      route,
      ...(isFirst ? { byCommand: { command, rule, listed } } : {}),
    };
  });
  const all = [...withCommand, pairByIpv6, ...ofFiles];
  return [...all.filter((one) => !isOfFile(one)), ...all.filter(isOfFile)];
}

const OF_FILES: readonly string[] = ['deny_path', 'deny_inode', 'protect_path'];

/** The host's own rules on files stand beside it. */
export const isOfFile = ({ section }: Pick<LoneRule, 'section'>): boolean =>
  OF_FILES.includes(section);
