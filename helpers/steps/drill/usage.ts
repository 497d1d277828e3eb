import { outputText } from '../../agent/command.ts';
import { NotApplicable, noEvidence } from '../../criteria/judgement.ts';
import type { DrillStage } from './stage.ts';

/** A word that no version has as a command: each answers with its usage (docs/agent-contract.md §1.1). */
const NO_SUCH_COMMAND = 'list-commands-and-options';

/**
 * @throws NotApplicable when this version does not name the command or option in its usage.
 * @throws JudgementError (inconclusive) when it prints no usage: nothing follows from that.
 */
export async function mustHave({ run }: Pick<DrillStage, 'run'>, word: string): Promise<void> {
  const { stderr, command } = await run.command(NO_SUCH_COMMAND);
  if (!stderr.startsWith('Usage: ')) {
    throw noEvidence(
      `the agent answered an unknown command with ${outputText(stderr)} and not with its usage, so its options are unknown`,
      { source: command },
    );
  }
  const words = stderr.split(/[\s[\]|{}]+/).map((one) => one.split('=')[0]);
  if (!words.includes(word)) throw new NotApplicable(`this version has no ${word}`);
}
