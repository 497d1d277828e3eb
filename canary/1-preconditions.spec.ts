import { judgeCandidateFiles } from '../helpers/agent/bpf-objects.ts';
import { canaryRun } from '../helpers/steps/canary-run.ts';
import { criterion, section } from '../helpers/steps/criterion.ts';
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

section('preconditions', [], () => {
  criterion(
    'preconditions.mirrors-production',
    'the staging host mirrors production kernel, cgroup, bpffs and systemd settings',
    () => mirrorsProduction(run.settings),
  );
  criterion('preconditions.bpf-lsm', 'BPF LSM is enabled', () => bpfLsmIsEnabled(run.settings));
  criterion('preconditions.kernel-filesystems', 'cgroup v2, bpffs and kernel BTF are there', () =>
    kernelFilesystemsAreMounted(run.settings),
  );
  criterion('preconditions.candidate-binary', 'the candidate binary is built and available', () =>
    judgeCandidateFiles(run.settings),
  );
  criterion(
    'preconditions.candidate-version',
    'the candidate tells its version',
    () => candidateTellsItsVersion(run),
    {
      needs: ['preconditions.candidate-binary'],
    },
  );
  criterion('preconditions.no-service', 'no system service instance is running', () =>
    serviceIsNotRunning(run.settings),
  );
  criterion('preconditions.no-other-instance', 'no other aegisbpf process is running', () =>
    noOtherInstanceRuns(run.settings),
  );
  criterion('preconditions.no-break-glass', 'no break-glass override is set', () =>
    noBreakGlass(run.settings),
  );
  criterion('preconditions.probe-filesystem', 'probe files can be made on a plain filesystem', () =>
    probesCanBeMade(run.settings),
  );
});

section('preflight', ['preconditions'], () => {
  criterion(
    'preflight.health',
    'the kernel can run the candidate: health is ok and the capability is Full',
    () => kernelCanRunTheCandidate(run),
  );
  criterion(
    'preflight.emergency',
    'no emergency-disable bypasses enforcement',
    () => emergencyIsNotActive(run),
    {
      needs: ['preflight.health'],
    },
  );
  criterion(
    'preflight.rules',
    'the rules that the host carries are known',
    () => hostRulesAreKnown(run),
    {
      needs: ['preflight.health'],
    },
  );
});
