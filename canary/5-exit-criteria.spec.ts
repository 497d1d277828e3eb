import { canaryRun } from '../helpers/steps/canary-run.ts';
import { criterion, section } from '../helpers/steps/criterion.ts';
import {
  candidateIsTheSame,
  enforcePassed,
  hostIsAsFound,
  noCriticalFalsePositive,
  sectionPassed,
  thresholdsKept,
} from '../helpers/steps/exit-criteria.ts';

const run = canaryRun();

section('exit', [], () => {
  criterion('exit.preconditions', 'every precondition held', () =>
    sectionPassed(run, 'preconditions', 'preflight'),
  );
  criterion('exit.audit', 'the audit phase passed', () => sectionPassed(run, 'audit'), {
    phases: ['audit'],
    needs: ['preconditions'],
  });
  criterion('exit.enforce', 'the enforce phase passed', () => enforcePassed(run), {
    phases: ['enforce'],
    needs: ['preconditions'],
  });
  criterion(
    'exit.thresholds',
    'drops, drop ratio and RSS growth stayed below their thresholds',
    () => thresholdsKept(run),
    {
      phases: ['audit', 'enforce'],
      needs: ['preconditions'],
    },
  );
  criterion(
    'exit.false-positives',
    'no critical false positive is unresolved',
    () => noCriticalFalsePositive(run),
    {
      phases: ['audit', 'enforce'],
      needs: ['preconditions'],
    },
  );
  criterion(
    'exit.rollback',
    'the rollback drill is validated',
    () => sectionPassed(run, 'rollback'),
    { phases: ['rollback'], needs: ['preconditions'] },
  );
  criterion(
    'exit.same-candidate',
    'the candidate is the same binary from start to end',
    () => candidateIsTheSame(run),
    { needs: ['preconditions'] },
  );
  criterion('exit.host-as-found', 'the host is as it was found', () => hostIsAsFound(run));
});
