/** `aegisbpf-canary`: what a team's own specs are written with. docs/own-specs.md describes every name. */
export {
  fail,
  inconclusive,
  type Judgement,
  type Measurement,
  NotApplicable,
  pass,
} from '../criteria/judgement.ts';
export type { Figure } from '../settings/thresholds.ts';
export type { Sample } from '../soak/sample.ts';
export { type CanaryRun, canaryRun } from '../steps/canary-run.ts';
export type { Check } from '../steps/criterion.ts';
export { attach, criterion, type OwnEntry, section } from '../steps/public-criterion.ts';
export { atLeast, atMost, equals, figure, none } from './matchers.ts';
export { type Rehearsal, type Rehearsed, rehearse } from './rehearse.ts';
export { type SoakEvidence, soakOf } from './soak-of.ts';
