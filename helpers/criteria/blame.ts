import { entryOf, sectionNameOf, WORKLOAD_SECTION } from './catalogue.ts';
import type { Judgement } from './judgement.ts';

/** Whom the evidence blames for a verdict that is no pass. */
export const BLAMES = ['agent', 'host', 'operator', 'suite', 'evidence', 'undecided'] as const;
export type Blame = (typeof BLAMES)[number];

/** The same in words for a heading. */
export const BLAME_WORDS: Readonly<Record<Blame, string>> = {
  agent: 'the agent or its policy',
  host: 'the host',
  operator: 'an input of the operator',
  suite: 'this suite',
  evidence: 'nobody: evidence is missing',
  undecided: 'unclear from the evidence: agent or host',
};

/** Criteria that wait for what a person must give: an attestation, a binary, a review. */
const BY_AN_OPERATOR = new Set([
  'preconditions.mirrors-production',
  'preconditions.candidate-binary',
  'exit.false-positives',
]);

/** What these find when they fail. All other criteria judge what the agent did. */
const WHEN_FAILED: Readonly<Record<string, Blame>> = {
  'preconditions.mirrors-production': 'host',
  'preconditions.candidate-binary': 'operator',
  'preconditions.candidate-version': 'agent',
  'preflight.health': 'undecided',
  'coverage.unit-start': 'undecided',
  'rollback.restorable': 'host',
  'rollback.host-service': 'undecided',
  'exit.same-candidate': 'host',
  'exit.kernel-log': 'undecided',
  'exit.host-as-found': 'undecided',
};

/** What of a criterion's record tells whom its evidence blames. */
interface Judged {
  readonly id: string;
  readonly verdict: Judgement['verdict'] | 'skipped';
  readonly blames?: Blame | undefined;
  readonly follows?: string | undefined;
}

/**
 * Whom the evidence of a criterion blames. Where its judgement does not say, that follows from what it judges.
 * Undefined for a pass, for what was not tried, and for what only follows from others or sums them up.
 */
export function blameOf({ id, verdict, blames, follows }: Judged): Blame | undefined {
  if (verdict === 'pass' || verdict === 'skipped' || follows !== undefined) return undefined;
  const entry = entryOf(id);
  if (entry?.sums !== undefined) return undefined;
  if (blames !== undefined) return blames;
  if (verdict === 'inconclusive') return BY_AN_OPERATOR.has(id) ? 'operator' : 'evidence';
  // What a check of a team's own looks at is not known here.
  const section = sectionNameOf(id);
  if (entry === undefined) return section === WORKLOAD_SECTION ? 'agent' : 'undecided';
  return WHEN_FAILED[id] ?? (section === 'preconditions' ? 'host' : 'agent');
}
