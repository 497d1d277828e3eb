import { criterion, section } from 'aegisbpf-canary';
import { afterAll } from 'vitest';
import { signalsEqualDenials } from '../helpers/soak/accounting.ts';
import { noMissedDenial } from '../helpers/soak/invariants.ts';
import { RestartUnderLoad } from '../helpers/steps/drill/restart.ts';
import { SoakPhase } from '../helpers/steps/phases/soak-phase.ts';
import { accounts, beside, ending, firstDecision, limits, soak } from './both-phases.ts';

const phase = new SoakPhase('enforce');
const restart = new RestartUnderLoad(() => phase.soakFile);

section('enforce', () => {
  firstDecision(phase);
  criterion('enforce.ordinary-program', () => phase.ordinaryProgramIsEnded());
  soak(phase);
  criterion('enforce.headroom', () => phase.headroom());
  ending(phase);
  criterion('enforce.after-stop', () => phase.fileIsFreeAfterStop());

  limits(phase);
  criterion('enforce.no-missed-denial', () => phase.ofSoak(noMissedDenial));
  criterion('enforce.signals', () => phase.ofSoak(signalsEqualDenials));
  accounts(phase);

  criterion('enforce.restart', () => restart.ended('in order'));
  criterion('enforce.crash', () => restart.ended('by SIGKILL'));
  beside(phase);
  criterion('enforce.review-notes', () => phase.reviewNotes(restart.streams));

  afterAll(async () => {
    await restart.cleanUp();
    await phase.cleanUp();
  });
});
