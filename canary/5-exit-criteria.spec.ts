import { canaryRun, criterion, section } from 'aegisbpf-canary';
import { noWorseThanEarlierRuns } from '../helpers/steps/earlier-runs/earlier-runs.ts';
import {
  candidateIsTheSame,
  costWithinLimits,
  enforcePassed,
  noCriticalFalsePositive,
  noWorseThanPrevious,
  sectionsPassed,
  thresholdsKept,
} from '../helpers/steps/exit-criteria.ts';
import { hostIsUnchanged } from '../helpers/steps/host-unchanged.ts';
import { kernelLoggedNoDefect } from '../helpers/steps/kernel-log.ts';

const run = canaryRun();

section('exit', () => {
  criterion('exit.preconditions', () => sectionsPassed(run, 'exit.preconditions'));
  criterion('exit.audit', () => sectionsPassed(run, 'exit.audit'));
  criterion('exit.enforce', () => enforcePassed(run));
  criterion('exit.coverage', () => sectionsPassed(run, 'exit.coverage'));
  criterion('exit.cost', () => costWithinLimits(run));
  criterion('exit.previous', () => noWorseThanPrevious(run));
  criterion('exit.thresholds', () => thresholdsKept(run));
  criterion('exit.false-positives', () => noCriticalFalsePositive(run));
  criterion('exit.rollback', () => sectionsPassed(run, 'exit.rollback'));
  criterion('exit.earlier-runs', () => noWorseThanEarlierRuns(run));
  criterion('exit.same-candidate', () => candidateIsTheSame(run));
  criterion('exit.kernel-log', () => kernelLoggedNoDefect(run));
  criterion('exit.host-as-found', () => hostIsUnchanged(run));
});
