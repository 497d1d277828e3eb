import type { Capabilities } from '../agent/contract/capabilities.ts';
import { fail, inconclusive, type Judgement } from '../criteria/judgement.ts';
import type { Figure } from '../settings/thresholds.ts';
import { counted } from '../text/counted.ts';
import { isRefused, judgeKept, type KeptLine, optionWords } from './kept-routes.ts';
import type { Kind } from './table.ts';

/** An option of `run` that changes how the agent comes to a decision, and no decision. */
export interface RunOption {
  /** As the agent's usage names it. */
  readonly name: string;
  readonly value: string;
  /** Who takes routes that it concerns, and routes beside the rules. */
  readonly kinds: readonly Kind[];
  /** Hooks on files that are attached by it, and no others (docs/agent-contract.md §2.2); all that it says is of event lines where absent. */
  readonly fileHooks?: readonly ('lsm_file_open' | 'lsm_inode_permission')[];
}

/** Opens, and a process that is exempt from rules on files. */
const OF_FILES: readonly Kind[] = ['root', 'ruled', 'exempt', 'neighbour'];

/** By the last part of their criteria's names. */
export const RUN_OPTIONS = {
  /** One line of so many, below 2^32: next to every denial takes the way of one whose line is left out. */
  sampled: {
    ...{ name: '--event-sample-rate', value: '4000000000' },
    kinds: [
      // No copying up: its files are copied by now, and cannot be once more.
      ...(['root', 'network', 'network-ipv6', 'ruled', 'exempt'] as const),
      ...(['socket-holder', 'network-ipv6-holder', 'neighbour'] as const),
    ],
  },
  'lsm-hook-inode': {
    ...{ name: '--lsm-hook', value: 'inode', kinds: OF_FILES },
    fileHooks: ['lsm_inode_permission'],
  },
  'lsm-hook-both': {
    ...{ name: '--lsm-hook', value: 'both', kinds: OF_FILES },
    fileHooks: ['lsm_file_open', 'lsm_inode_permission'],
  },
} as const satisfies Record<string, RunOption>;

export const optionText = ({ name, value }: RunOption): string => `${name}=${value}`;

/** What was met with the option. */
export interface ByOption {
  readonly lines: readonly KeptLine[];
  /** By this start's own report. */
  readonly hooks: Pick<Capabilities['hooks'], 'lsm_file_open' | 'lsm_inode_permission'>;
  /** Event lines of the processes that took the routes. */
  readonly told: number;
  /** By how much the counters of decisions grew meanwhile; undefined where the option has no part in that. */
  readonly decisions?: Figure | undefined;
}

/** An option that is not in force shows nothing. */
function notInForce(option: RunOption, met: ByOption, denied: number): string | undefined {
  const { fileHooks } = option;
  if (fileHooks === undefined)
    return 2 * met.told > denied
      ? `it wrote ${counted(met.told, 'event line')} of ${counted(denied, 'denial')}, where nearly all must be left out`
      : undefined;
  const names = ['lsm_file_open', 'lsm_inode_permission'] as const;
  const wrong = names.find((name) => met.hooks[name] !== fileHooks.includes(name));
  return wrong === undefined
    ? undefined
    : `its capability report has ${wrong} ${met.hooks[wrong] ? 'attached' : 'not attached'}`;
}

/** What was as it must be without the option must be so with it, and be counted. */
export function judgeOption(option: RunOption, met: ByOption, source: string): Judgement {
  const text = optionText(option);
  const judged = judgeKept(met.lines, optionWords(text), source);
  if (judged.verdict !== 'pass') return judged;
  const denied = met.lines.filter(({ answer }) => isRefused(answer)).length;
  const why = notInForce(option, met, denied);
  if (why !== undefined)
    return inconclusive(
      `the agent was started with ${text}, and ${why}: the option is not in force, so nothing was tried`,
      { source },
    );
  const { decisions } = met;
  if (decisions === undefined) return judged;
  if (!decisions.known) return inconclusive(decisions.reason, { source: decisions.source });
  return decisions.value < denied
    ? fail(
        `with ${text} ${counted(denied, 'route')} were refused, and ${decisions.source} grew by ${decisions.value}: what has no event line is not counted either`,
        { value: decisions.value, limit: denied, unit: 'decisions', source },
      )
    : judged;
}
