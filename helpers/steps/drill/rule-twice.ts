import { howItEnded } from '../../agent/command.ts';
import { ownInput } from '../../changes/own-file.ts';
import { listNetworkRules } from '../../changes/rules.ts';
import { fail, type Judgement, pass } from '../../criteria/judgement.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import type { Settings } from '../../settings/settings.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import type { DrillStage } from './stage.ts';

/** One address in two spellings, as lists that are made by programs have them; of those that nobody uses (RFC 3849). */
const [ADDRESS, SAME_ADDRESS] = ['2001:db8::1', '2001:db8:0::1'];
const POLICY = 'a policy with one rule in two spellings';

/** What such a policy came to where the baseline was in force. */
export interface RuleTwice {
  readonly isTaken: boolean;
  /** How its `policy apply` ended, in words. */
  readonly how: string;
  /** The baseline's rules and opens behind it. */
  readonly baseline: Judgement;
  /** Whether the agent lists the address. */
  readonly isListed: boolean;
}

/**
 * 0.10.0 finds only in the maps that one rule is missing, when it has already let enforcement go, and goes back to the
 * policy that it recorded (docs/agent-contract.md §6.5): a refusal that comes so late must undo all that it did.
 * @param isRolledBack behind a `policy rollback`: what is recorded is what that made of it.
 */
export async function ruleTwice(stage: DrillStage, isRolledBack: boolean): Promise<Judgement> {
  const { directory, baselinePolicy, candidatePolicy } = stage.prepared();
  await stage.runningAgent();
  if (isRolledBack) {
    await stage.apply(candidatePolicy);
    await stage.succeeds('policy', 'rollback');
  }
  const text = `${readRegularFile(baselinePolicy)}\n[deny_ip]\n${ADDRESS}\n${SAME_ADDRESS}\n`;
  const name = `rule-twice-${isRolledBack ? 'after-rollback' : 'later'}.policy`;
  const result = await stage.run.command(
    ...['policy', 'apply', ownInput(directory, name, text), '--reset'],
  );
  const seen: RuleTwice = {
    ...{ isTaken: result.exitCode === 0, how: howItEnded(result) },
    baseline: await stage.shows(POLICY, 'baseline'),
    isListed: (await listNetworkRules(stage.run.candidate)).includes(ADDRESS),
  };
  // Whatever it left, the record after a rollback as well: the steps behind this one begin with the baseline.
  await stage.apply(baselinePolicy);
  return judgeRuleTwice(seen, stage.run.settings, isRolledBack);
}

/** Taken it is in force, and refused everything is as before. */
export function judgeRuleTwice(
  { isTaken, how, baseline, isListed }: RuleTwice,
  settings: Pick<Settings, 'knownDefects'>,
  isRolledBack: boolean,
): Judgement {
  const source = 'aegisbpf network deny list';
  if (baseline.verdict === 'fail' && !isTaken && isRolledBack)
    return judgeDefect(
      settings,
      'refused-after-rollback',
      {
        title: 'a policy that is refused after a rollback changes what is enforced',
        severity: 'critical',
        reference: 'docs/agent-contract.md §6.5',
        detail: `${how}, and ${baseline.explanation}; that lasts until the next policy is applied, over restarts`,
      },
      { value: 'changed', limit: 'as before', source: baseline.source ?? source },
    );
  if (baseline.verdict !== 'pass')
    return { ...baseline, explanation: `${baseline.explanation}; ${how}` };
  if (isTaken !== isListed)
    return fail(
      isTaken
        ? `${POLICY} was taken, and \`network deny list\` lacks that rule`
        : `${POLICY} was refused, and \`network deny list\` has that rule: ${how}`,
      { value: isListed ? 'listed' : 'not listed', limit: isTaken ? 'listed' : 'none', source },
    );
  return pass(
    isTaken
      ? `${POLICY} is taken, the rule is listed, and the baseline's denials go on`
      : `${POLICY} is refused, and the baseline's rules and denials are as before`,
    { source: baseline.source ?? source },
  );
}
