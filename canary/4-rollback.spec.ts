import { afterAll } from 'vitest';
import { criterion, section } from '../helpers/criterion.ts';
import { RollbackDrill } from '../helpers/phases/rollback-drill.ts';

const drill = new RollbackDrill();

section('rollback', ['preconditions', 'preflight'], () => {
  criterion('rollback.restorable', 'the host carries no rule that the drill could lose', () =>
    drill.hostIsRestorable(),
  );
  criterion(
    'rollback.baseline',
    'the baseline policy is applied and enforced',
    () => drill.applyBaseline(),
    {
      needs: ['rollback.restorable'],
    },
  );
  criterion(
    'rollback.candidate',
    'the candidate policy is applied and enforced',
    () => drill.applyCandidate(),
    {
      needs: ['rollback.baseline'],
    },
  );
  criterion(
    'rollback.controlled-failure',
    'the controlled failure is triggered: a program cannot read what it needs',
    () => drill.programFails(),
    { needs: ['rollback.candidate'] },
  );
  criterion(
    'rollback.rolled-back',
    'the rollback restores the baseline and the program works again',
    () => drill.rollBack(),
    {
      needs: ['rollback.controlled-failure'],
    },
  );
  criterion(
    'rollback.record',
    'the recorded policy agrees with the rules after the rollback',
    () => drill.recordAgrees(),
    {
      needs: ['rollback.rolled-back'],
    },
  );
  criterion(
    'rollback.health',
    'aegisbpf health is good after the rollback and captured',
    () => drill.healthIsGood(),
    {
      needs: ['rollback.baseline'],
    },
  );
  criterion(
    'rollback.metrics',
    'aegisbpf metrics are captured after the rollback',
    () => drill.metricsAreCaptured(),
    {
      needs: ['rollback.baseline'],
    },
  );
  criterion(
    'rollback.removed',
    'the drill’s rules are removed and the agent stops',
    () => drill.rulesAreRemoved(),
    {
      needs: ['rollback.baseline'],
    },
  );

  afterAll(() => drill.cleanUp());
});
