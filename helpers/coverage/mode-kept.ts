import { fail, inconclusive, type Judgement, pass, worst } from '../criteria/judgement.ts';
import { judgeLetThrough, type Sighting } from './let-through.ts';

/** What an agent that audits did once its rules were changed by others' commands. */
export interface KeptMode {
  /** Routes of the table, behind a `policy apply` of the policy that is in force. */
  readonly behindApply: Sighting;
  /** A file that `block add` denies: an errno, or `let through`, and the actions of its event lines. */
  readonly added: { readonly outcome: string; readonly actions: readonly string[] };
}

const HARM = 'hosts that are only watched begin to deny with the next push of rules';

/** No command but those of the kill switch changes the mode in which the agent was started (docs/agent-contract.md §6.5). */
export function judgeModeKept({ behindApply, added }: KeptMode, source: string): Judgement {
  const words = {
    when: 'behind a `policy apply` to an agent that was started in audit mode',
    denied: HARM,
    untold: 'what would be denied is no longer seen',
  };
  return worst([judgeLetThrough(behindApply, words, source), judgeAdded(added, source)]);
}

function judgeAdded({ outcome, actions }: KeptMode['added'], source: string): Judgement {
  const told = actions.length === 0 ? 'no event line' : `action ${actions.join(', ')}`;
  const measured = { value: outcome, limit: 'let through', source };
  const met = `an open of the file that \`block add\` denies, by an agent that was started in audit mode, met ${outcome} with ${told}`;
  if (outcome === 'EPERM' || actions.some((action) => action !== 'AUDIT'))
    return fail(`${met}, expected that it goes through as AUDIT: ${HARM}`, measured);
  return outcome === 'let through' && actions.length === 1
    ? pass(
        'behind a `policy apply` and a `block add` the agent audits still: what they deny goes through and is told as AUDIT',
        measured,
      )
    : inconclusive(`${met}, expected one of action AUDIT; nobody knows what was decided`, measured);
}
