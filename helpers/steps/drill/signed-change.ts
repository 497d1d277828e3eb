import { fail, type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import type { Settings } from '../../settings/settings.ts';
import { judgeDefect } from '../phases/known-defects.ts';
import { applySigned, type SignedPolicies } from './signed-policies.ts';
import type { DrillStage } from './stage.ts';

/** What a signed policy came to that lacks a rule of the policy before it. */
export interface SignedChange {
  /** How its `policy apply` ended, in words. */
  readonly how: string;
  readonly exitCode: number | undefined;
  /** The baseline's rules and opens behind it. */
  readonly baseline: Judgement;
}

/**
 * Where production demands signatures, whoever takes a rule away signs a policy without it. The agent does not look at `--reset` beside
 * a signed policy (docs/agent-contract.md §1.5).
 */
export async function signedTakesRuleAway(
  stage: DrillStage,
  signed: SignedPolicies,
): Promise<Judgement> {
  const { baselinePolicy, candidatePolicy } = stage.prepared();
  await stage.runningAgent();
  await stage.apply(candidatePolicy);
  const { verdict, explanation } = await stage.shows('the candidate policy', 'candidate');
  if (verdict !== 'pass')
    throw noEvidence(`there is no rule that a signed policy could take away: ${explanation}`);
  const ended = await applySigned(stage, signed.lacksRule, signed);
  const baseline = await stage.shows('a signed policy without one of the rules', 'baseline');
  await stage.apply(baselinePolicy);
  return judgeSignedChange({ ...ended, baseline }, stage.run.settings);
}

/** Taken, it is in force as a whole. */
export function judgeSignedChange(
  { how, exitCode, baseline }: SignedChange,
  settings: Pick<Settings, 'knownDefects'>,
): Judgement {
  const source = baseline.source ?? 'aegisbpf block list';
  if (exitCode === undefined) return fail(how, { source });
  if (exitCode !== 0)
    return judgeDefect(
      settings,
      'signed-policy-keeps-rules',
      {
        title: 'a signed policy that lacks a rule of the one before it is refused',
        severity: 'high',
        reference: 'docs/agent-contract.md §1.5',
        detail: `${how}; where production demands signatures no rule on a file can be taken away, and the unit that ships with the agent, which applies the policy before each start, leaves the node without an agent`,
      },
      { value: exitCode, limit: 0, unit: 'exit code', source },
    );
  return baseline.verdict === 'pass'
    ? pass('a signed policy that lacks a rule of the one before it takes that rule away', {
        source,
      })
    : { ...baseline, explanation: `${baseline.explanation}; ${how}` };
}
