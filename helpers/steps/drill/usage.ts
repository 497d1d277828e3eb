import { outputText } from '../../agent/command.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import type { DrillStage } from './stage.ts';

/** A word that no version has as a command: each answers with its usage (docs/agent-contract.md §1.1). */
const NO_SUCH_COMMAND = 'list-commands-and-options';

/**
 * True when this version names the command or option in its usage.
 * @throws JudgementError (inconclusive) when it prints no usage: nothing follows from that.
 */
export async function agentHas(stage: DrillStage, word: string): Promise<boolean> {
  const { stderr, command } = await stage.command(NO_SUCH_COMMAND);
  if (!stderr.startsWith('Usage: ')) {
    throw noEvidence(
      `the agent answered an unknown command with ${outputText(stderr)} and not with its usage, so its options are unknown`,
      { source: command },
    );
  }
  const words = stderr.split(/[\s[\]|{}]+/).map((one) => one.split('=')[0]);
  return words.includes(word);
}
