import { canaryRun, criterion, section } from 'aegisbpf-canary';
import { judgeCandidateFiles } from '../helpers/agent/bpf-objects.ts';
import { mirrorsProduction } from '../helpers/steps/mirrors-production.ts';
import {
  bpfLsmIsEnabled,
  kernelFilesystemsAreMounted,
  noBreakGlass,
  noOtherInstanceRuns,
  probesCanBeMade,
  serviceIsNotRunning,
} from '../helpers/steps/preconditions.ts';
import {
  candidateTellsItsVersion,
  emergencyIsNotActive,
  hostRulesAreKnown,
  kernelCanRunTheCandidate,
} from '../helpers/steps/preflight.ts';

const run = canaryRun();

section('preconditions', () => {
  criterion('preconditions.mirrors-production', () => mirrorsProduction(run.settings));
  criterion('preconditions.bpf-lsm', () => bpfLsmIsEnabled(run.settings));
  criterion('preconditions.kernel-filesystems', () => kernelFilesystemsAreMounted(run.settings));
  criterion('preconditions.candidate-binary', () => judgeCandidateFiles(run.settings));
  criterion('preconditions.candidate-version', () => candidateTellsItsVersion(run));
  criterion('preconditions.no-service', () => serviceIsNotRunning(run.settings));
  criterion('preconditions.no-other-instance', () => noOtherInstanceRuns(run.settings));
  criterion('preconditions.no-break-glass', () => noBreakGlass(run.settings));
  criterion('preconditions.probe-filesystem', () => probesCanBeMade(run.settings));
});

section('preflight', () => {
  criterion('preflight.health', () => kernelCanRunTheCandidate(run));
  criterion('preflight.emergency', () => emergencyIsNotActive(run));
  criterion('preflight.rules', () => hostRulesAreKnown(run));
});
