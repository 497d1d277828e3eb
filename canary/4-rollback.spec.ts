import { afterAll } from 'vitest';
import { criterion, section } from '../helpers/steps/criterion.ts';
import { applyKilled } from '../helpers/steps/drill/apply-killed.ts';
import { deadmanFailsOpen } from '../helpers/steps/drill/deadman.ts';
import { downgradeAndUpgrade } from '../helpers/steps/drill/downgrade.ts';
import { hostIsAsBefore, rulesAreRemoved } from '../helpers/steps/drill/ending.ts';
import { healthIsGood, metricsAreCaptured } from '../helpers/steps/drill/health.ts';
import { KillSwitch } from '../helpers/steps/drill/kill-switch.ts';
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
import { DrillStage } from '../helpers/steps/drill/stage.ts';
import { strictDegradeEnds } from '../helpers/steps/drill/strict-degrade.ts';
import { Supervision } from '../helpers/steps/drill/supervision.ts';

const stage = new DrillStage();
const refused = new RefusedPolicies(stage);
const killSwitch = new KillSwitch(stage);
const supervision = new Supervision(stage);

section('rollback', ['preconditions', 'preflight'], () => {
  criterion('rollback.restorable', 'the host carries no rule that the drill could lose', () =>
    hostIsRestorable(stage),
  );
  criterion(
    'rollback.baseline',
    'the baseline policy is applied and enforced',
    () => applyBaseline(stage),
    { needs: ['rollback.restorable'] },
  );
  criterion(
    'rollback.candidate',
    'the candidate policy is applied and enforced',
    () => applyCandidate(stage),
    { needs: ['rollback.baseline'] },
  );
  criterion(
    'rollback.controlled-failure',
    'the controlled failure is triggered: a service cannot read what it needs',
    () => serviceFails(stage),
    { needs: ['rollback.candidate'] },
  );
  criterion(
    'rollback.rolled-back',
    'the rollback restores the baseline and the service works again',
    () => rollBack(stage),
    { needs: ['rollback.controlled-failure'] },
  );
  criterion(
    'rollback.record',
    'the recorded policy agrees with the rules after the rollback',
    () => recordAgrees(stage),
    { needs: ['rollback.rolled-back'] },
  );
  criterion(
    'rollback.health',
    'aegisbpf health is good after the rollback and captured',
    () => healthIsGood(stage),
    { needs: ['rollback.baseline'] },
  );
  criterion(
    'rollback.metrics',
    'aegisbpf metrics are captured after the rollback',
    () => metricsAreCaptured(stage),
    { needs: ['rollback.baseline'] },
  );
  criterion(
    'rollback.second-rollback',
    'a second rollback brings the candidate policy back',
    () => rollBackAgain(stage),
    { needs: ['rollback.rolled-back'] },
  );
  criterion(
    'rollback.later-apply',
    'a later apply of the baseline is enforced and recorded',
    () => laterApply(stage),
    { needs: ['rollback.baseline'] },
  );
  criterion(
    'rollback.refused',
    'policies that are broken are refused',
    () => refused.areRefused(),
    { needs: ['rollback.later-apply'], timeoutSeconds: 900 },
  );
  criterion(
    'rollback.refused-rules',
    'a refused policy changes no rule and pauses no enforcement',
    () => refused.rulesStay(),
    { needs: ['rollback.later-apply'] },
  );
  criterion(
    'rollback.refused-counters',
    'a refused policy resets no counter',
    () => refused.countersStay(),
    { needs: ['rollback.later-apply'] },
  );
  criterion(
    'rollback.apply-killed',
    'a policy apply that is killed leaves one whole policy',
    () => applyKilled(stage),
    { needs: ['rollback.later-apply'], timeoutSeconds: 900 },
  );
  criterion(
    'rollback.kill-switch',
    'the kill switch stops denials and audit goes on',
    () => killSwitch.denialsStop(),
    { needs: ['rollback.later-apply'] },
  );
  criterion(
    'rollback.kill-switch-restart',
    'the kill switch survives a restart of the agent',
    () => killSwitch.survivesRestart(),
    { needs: ['rollback.kill-switch'] },
  );
  criterion(
    'rollback.kill-switch-ended',
    'after the kill switch is ended denials return',
    () => killSwitch.denialsReturn(),
    { needs: ['rollback.later-apply'] },
  );
  criterion(
    'rollback.deadman',
    'an agent that hangs past its deadman time fails open and recovers',
    () => deadmanFailsOpen(stage),
    { needs: ['rollback.later-apply', 'rollback.kill-switch-ended'] },
  );
  criterion(
    'rollback.strict-degrade',
    'an agent with strict-degrade ends where it cannot enforce',
    () => strictDegradeEnds(stage),
    { needs: ['rollback.later-apply', 'rollback.kill-switch-ended'] },
  );
  criterion(
    'rollback.downgrade',
    'the previous version and the candidate take over each other’s rules',
    () => downgradeAndUpgrade(stage),
    { needs: ['rollback.later-apply', 'rollback.kill-switch-ended'] },
  );
  criterion(
    'rollback.supervision',
    'systemd starts a killed agent again, and it enforces',
    () => supervision.killedAgentComesBack(),
    { needs: ['rollback.later-apply', 'rollback.kill-switch-ended'] },
  );
  criterion('rollback.host-service', 'the host’s own service is exactly as before', () =>
    supervision.hostServiceIsAsBefore(),
  );
  criterion(
    'rollback.removed',
    'the drill’s rules are removed and the agent stops',
    () => rulesAreRemoved(stage),
    { needs: ['rollback.baseline'] },
  );
  criterion(
    'rollback.as-found',
    'rules, policy files, emergency state and pins are as before the drill',
    () => hostIsAsBefore(stage),
    { needs: ['rollback.removed'] },
  );

  afterAll(() => stage.cleanUp());
});
