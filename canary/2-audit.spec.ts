import { criterion, section } from 'aegisbpf-canary';
import { afterAll } from 'vitest';
import { nothingDenied } from '../helpers/soak/invariants.ts';
import { SoakPhase } from '../helpers/steps/phases/soak-phase.ts';
import { accounts, beside, ending, firstDecision, limits, soak } from './both-phases.ts';

const phase = new SoakPhase('audit');

section('audit', () => {
  firstDecision(phase);
  soak(phase);
  ending(phase);

  limits(phase);
  criterion('audit.nothing-denied', () => phase.ofSoak(nothingDenied));
  accounts(phase);
  beside(phase);
  criterion('audit.review-notes', () => phase.reviewNotes());

  afterAll(() => phase.cleanUp());
});
