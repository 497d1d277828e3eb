import { criterion, section } from 'aegisbpf-canary';
import { afterAll } from 'vitest';
import { appliesTogether } from '../helpers/steps/drill/applies-together.ts';
import { AppliesUnderLoad } from '../helpers/steps/drill/apply-pause.ts';
import { deadmanFailsOpen } from '../helpers/steps/drill/deadman.ts';
import { downgradeAndUpgrade } from '../helpers/steps/drill/downgrade.ts';
import { rulesAreRemoved } from '../helpers/steps/drill/ending.ts';
import { enforcingStartEnds } from '../helpers/steps/drill/enforce-gate.ts';
import { healthIsGood, metricsAreCaptured } from '../helpers/steps/drill/health.ts';
import { KillSwitch } from '../helpers/steps/drill/kill-switch.ts';
import { killSwitchInApply } from '../helpers/steps/drill/kill-switch-in-apply.ts';
import {
  applyBaseline,
  applyCandidate,
  laterApply,
  rollBack,
  rollBackAgain,
  serviceFails,
} from '../helpers/steps/drill/policy-steps.ts';
import { recordAgrees } from '../helpers/steps/drill/record.ts';
import { RefusedPolicies } from '../helpers/steps/drill/refused.ts';
import { hostIsRestorable } from '../helpers/steps/drill/restorable.ts';
import { ruleTwice } from '../helpers/steps/drill/rule-twice.ts';
import { hostIsAsBefore } from '../helpers/steps/drill/snapshot.ts';
import { DrillStage } from '../helpers/steps/drill/stage.ts';
import { strictDegradeEnds } from '../helpers/steps/drill/strict-degrade.ts';
import { Supervision } from '../helpers/steps/drill/supervision.ts';
import { agentLivedThrough } from '../helpers/steps/lived-through.ts';

const stage = new DrillStage();
const applies = new AppliesUnderLoad(stage);
const refused = new RefusedPolicies(stage);
const killSwitch = new KillSwitch(stage);
const supervision = new Supervision(stage);

section('rollback', () => {
  criterion('rollback.restorable', () => hostIsRestorable(stage));
  criterion('rollback.baseline', () => applyBaseline(stage));
  criterion('rollback.candidate', () => applyCandidate(stage));
  criterion('rollback.controlled-failure', () => serviceFails(stage));
  criterion('rollback.rolled-back', () => rollBack(stage));
  criterion('rollback.record', () => recordAgrees(stage));
  criterion('rollback.health', () => healthIsGood(stage));
  criterion('rollback.metrics', () => metricsAreCaptured(stage));
  criterion('rollback.second-rollback', () => rollBackAgain(stage));
  criterion('rollback.later-apply', () => laterApply(stage));
  criterion('rollback.refused', () => refused.areRefused());
  criterion('rollback.refused-rules', () => refused.rulesStay());
  criterion('rollback.refused-counters', () => refused.countersStay());
  criterion('rollback.signed-change', () => refused.takesRuleAway());
  criterion('rollback.rule-twice', () => ruleTwice(stage, false));
  criterion('rollback.rule-twice-after-rollback', () => ruleTwice(stage, true));
  criterion('rollback.applies-together', () => appliesTogether(stage));
  criterion('rollback.apply-killed', () => applies.killed());
  criterion('rollback.apply-pause', () => applies.pauses());
  criterion('rollback.kill-switch', () => killSwitch.denialsStop());
  criterion('rollback.kill-switch-restart', () => killSwitch.survivesRestart());
  criterion('rollback.kill-switch-ended', () => killSwitch.denialsReturn());
  criterion('rollback.kill-switch-record', () => killSwitch.isRecorded());
  criterion('rollback.kill-switch-in-apply', () => killSwitchInApply(stage));
  criterion('rollback.deadman', () => deadmanFailsOpen(stage));
  criterion('rollback.strict-degrade', () => strictDegradeEnds(stage));
  criterion('rollback.enforce-gate', () => enforcingStartEnds(stage));
  criterion('rollback.downgrade', () => downgradeAndUpgrade(stage));
  criterion('rollback.supervision', () => supervision.killedAgentComesBack());
  criterion('rollback.told-in-time', () => supervision.denialIsToldInTime());
  criterion('rollback.host-service', () => supervision.hostServiceIsAsBefore());
  criterion('rollback.removed', () => rulesAreRemoved(stage));
  criterion('rollback.event-fields', () =>
    stage.prepared().opens.judge('rollback/**/agent.stdout.ndjson'),
  );
  criterion('rollback.review-notes', () => stage.reviewNotes());
  criterion('rollback.alive', () => agentLivedThrough(stage.run, 'rollback'));
  criterion('rollback.as-found', () => hostIsAsBefore(stage.run, stage.prepared().before));

  afterAll(() => stage.cleanUp());
});
