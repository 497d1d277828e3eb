import { parsePolicyShow } from '../../agent/contract/rules.ts';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { listFileRules, rulesOn } from '../../changes/rules.ts';
import { noEvidence } from '../../criteria/judgement.ts';
import { type EnforcementWatch, underBaseline } from './enforcement-watch.ts';
import type { DrillStage } from './stage.ts';

/** Enforcement may be on its way back when an apply ends; after this it is not coming. */
const SETTLE_MS = 500;

type Policy = 'baseline' | 'candidate' | 'neither';

/** What applies that did not go as they should have left behind. */
export interface LeftPolicy {
  readonly rules: Policy;
  readonly record: Policy;
  readonly guardedIsDenied: boolean;
  readonly neededIsDenied: boolean;
}

/** Opens of a file that both policies deny, and of one that the candidate policy alone denies. */
export interface Watches {
  readonly guarded: EnforcementWatch;
  readonly needed: EnforcementWatch;
  readonly agent: ReadyDaemon;
}

/** Waits for the baseline. @throws JudgementError (inconclusive) where the opens do not show it. */
export async function settled({ guarded, needed, agent }: Watches): Promise<void> {
  if (await underBaseline(guarded, needed, agent)) return;
  throw noEvidence(
    `the baseline was applied, but its denied file was ${guarded.outcome} and its free file ${needed.outcome}`,
    { source: 'watch process' },
  );
}

/** Which policy is in force and which is on record, by opens, by the agent's count or list, and by `policy show`. */
export async function whatIsLeft(
  stage: DrillStage,
  { guarded, needed }: Watches,
): Promise<LeftPolicy> {
  const files = stage.prepared();
  const { run } = stage;
  await guarded.until('denied', SETTLE_MS);
  // Before any other command of the agent, which might mend what is left.
  const guardedIsDenied = guarded.outcome === 'denied';
  const recorded = parsePolicyShow((await run.command('policy', 'show')).stdout);
  const next = async () => (await needed.nextOutcome()) === 'denied';
  // Where the agent counts as many rules as the opens tell, they are these.
  const denied = Number(guardedIsDenied) + Number(await next());
  const isCounted = (await stage.deniedFileCount()) === files.hostPaths.length + denied;
  const rules = isCounted ? undefined : await listFileRules(run.candidate);
  // Once more, for a rule may have come into force since.
  const neededIsDenied = await next();
  const text = recorded.ok ? recorded.value.text : '';
  const which = (hasGuarded: boolean, hasNeeded: boolean): Policy =>
    hasGuarded ? (hasNeeded ? 'candidate' : 'baseline') : 'neither';
  const isListed = (file: OwnFile, isDenied: boolean) =>
    rules === undefined ? isDenied : rulesOn(rules, file).length === 1;
  return {
    rules: which(isListed(files.guarded, guardedIsDenied), isListed(files.needed, neededIsDenied)),
    record: which(text.includes(files.guarded.path), text.includes(files.needed.path)),
    guardedIsDenied,
    neededIsDenied,
  };
}

/** Wholly the baseline, in force and on record. */
export const isBaseline = ({ rules, record, guardedIsDenied, neededIsDenied }: LeftPolicy) =>
  rules === 'baseline' && record === 'baseline' && guardedIsDenied && !neededIsDenied;

/** What keeps it from being one complete policy, in words; undefined where it is one. @param what left it. */
export function notWhole(left: LeftPolicy, what: string): string | undefined {
  const { rules, record } = left;
  if (!left.guardedIsDenied) return `${what}, it left a file that both policies deny open to all`;
  if (rules === 'neither') return `${what}, it left rules of neither policy`;
  if (left.neededIsDenied !== (rules === 'candidate'))
    return `${what}, the list shows the ${rules}'s rules and the opens another policy's`;
  return record === rules
    ? undefined
    : `${what}, the ${rules}'s rules are in force and the ${record}'s are on record`;
}
