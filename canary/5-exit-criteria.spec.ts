import { canaryRun } from '../helpers/steps/canary-run.ts';
import { criterion, section } from '../helpers/steps/criterion.ts';
import {
  candidateIsTheSame,
  enforcePassed,
  noCriticalFalsePositive,
  sectionPassed,
  thresholdsKept,
} from '../helpers/steps/exit-criteria.ts';
import { hostIsUnchanged } from '../helpers/steps/host-unchanged.ts';

const run = canaryRun();

section('exit', () => {
  criterion('exit.preconditions', () => sectionPassed(run, 'preconditions', 'preflight'));
  criterion('exit.audit', () => sectionPassed(run, 'audit'));
  criterion('exit.enforce', () => enforcePassed(run));
  criterion('exit.coverage', () => sectionPassed(run, 'coverage'));
  criterion('exit.thresholds', () => thresholdsKept(run));
  criterion('exit.false-positives', () => noCriticalFalsePositive(run));
  criterion('exit.rollback', () => sectionPassed(run, 'rollback'));
  criterion('exit.same-candidate', () => candidateIsTheSame(run));
  criterion('exit.host-as-found', () => hostIsUnchanged(run));
});
