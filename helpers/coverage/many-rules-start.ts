import { fail, type Judgement, pass } from '../criteria/judgement.ts';

/** A start of the agent with a large policy in force. */
export interface ManyRulesStart {
  readonly rules: number;
  readonly startMs: number;
  /** MAX_READY_MS: the operator's limit, whatever is in force. */
  readonly limitMs: number;
  /** Of its first, middle and last rules, once it was ready. */
  readonly inForce: Judgement;
}

/** The agent denies nothing before it is ready, and what is done for each rule until then grows with the policy. */
export function judgeManyRulesStart(
  { rules, startMs, limitMs, inForce }: ManyRulesStart,
  source: string,
): Judgement {
  if (inForce.verdict !== 'pass') return inForce;
  const measured = { value: startMs, limit: limitMs, unit: 'ms', source };
  return startMs > limitMs
    ? fail(
        `with ${rules} rules in force the agent was ready after ${startMs} ms, limit MAX_READY_MS=${limitMs}: until then nothing is denied`,
        measured,
      )
    : pass(
        `with ${rules} rules in force the agent was ready after ${startMs} ms, and ${inForce.explanation}`,
        measured,
      );
}
