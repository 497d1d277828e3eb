import { criterion } from 'aegisbpf-canary';
import { THRESHOLDS } from '../helpers/settings/thresholds.ts';
import { accountingCloses } from '../helpers/soak/accounting.ts';
import { countersAgree } from '../helpers/soak/counters-agree.ts';
import {
  actionsAsDocumented,
  noUnexpectedStateChange,
  ranInFull,
  samplesComplete,
} from '../helpers/soak/invariants.ts';
import { networkAccounted, operationsAccounted } from '../helpers/soak/side-accounting.ts';
import { judgeThreshold } from '../helpers/soak/thresholds.ts';
import { eventsTellTheTruth } from '../helpers/soak/witness.ts';
import { duringSoak } from '../helpers/steps/phases/during-soak.ts';
import { workloadsWork, workloadsWorked } from '../helpers/steps/phases/own-workloads.ts';
import type { SoakPhase } from '../helpers/steps/phases/soak-phase.ts';

/** What audit and enforce both try, in the runbook's order; each spec says what is its own. */

export function firstDecision(phase: SoakPhase): void {
  const { mode } = phase;
  criterion(`${mode}.positive-control`, () => phase.filesAreReadable());
  criterion(`${mode}.workload-before`, () => phase.workloadWorks());
  criterion(`${mode}.unit-before`, () => phase.unitWorks());
  workloadsWork(phase);
  criterion(`${mode}.rules`, () => phase.seedRules());
  criterion(`${mode}.ready`, () => phase.start());
  criterion(`${mode}.decision`, () => phase.decision());
}

export function soak(phase: SoakPhase): void {
  const { mode } = phase;
  criterion(`${mode}.negative-control`, () => phase.fileBesideIsFree());
  criterion(`${mode}.soak`, () => phase.soak(ranInFull), duringSoak(phase));
}

export function ending(phase: SoakPhase): void {
  const { mode } = phase;
  criterion(`${mode}.release`, () => phase.release());
  criterion(`${mode}.stop`, () => phase.stop());
}

export function limits(phase: SoakPhase): void {
  const { mode, settings } = phase;
  criterion(`${mode}.alive`, () => phase.ofLife());
  criterion(`${mode}.samples`, () => phase.ofSoak(samplesComplete));
  for (const threshold of THRESHOLDS)
    criterion(`${mode}.${threshold.name}`, () =>
      phase.ofSoak((result) => judgeThreshold(threshold, result, settings)),
    );
}

export function accounts(phase: SoakPhase): void {
  const { mode } = phase;
  criterion(`${mode}.actions`, () => phase.ofWhole(actionsAsDocumented));
  criterion(`${mode}.accounting`, () => phase.ofSoak(accountingCloses));
  criterion(`${mode}.event-fields`, () => phase.ofSoak(eventsTellTheTruth));
  criterion(`${mode}.counters`, () => phase.ofSoak(countersAgree));
  criterion(`${mode}.operations`, () => phase.ofSoak(operationsAccounted));
  criterion(`${mode}.network`, () => phase.ofSoak(networkAccounted));
  criterion(`${mode}.state-changes`, () => phase.ofWhole(noUnexpectedStateChange));
}

/** When no agent runs any more: what it did to programs that people need. */
export function beside(phase: SoakPhase): void {
  const { mode } = phase;
  criterion(`${mode}.workload`, () => phase.workloadWorked());
  criterion(`${mode}.unit`, () => phase.unitWorked());
  workloadsWorked(phase);
}
