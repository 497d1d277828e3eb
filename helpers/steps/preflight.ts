import { howItEnded } from '../agent/command.ts';
import { parseEmergencyStatus } from '../agent/contract/emergency.ts';
import { parseHealth } from '../agent/contract/health.ts';
import { parseVersion } from '../agent/contract/version.ts';
import { listSurvivors, ruleText } from '../changes/rules.ts';
import { fail, inconclusive, type Judgement, NotApplicable, pass } from '../criteria/judgement.ts';
import type { CanaryRun } from './canary-run.ts';

/** `aegisbpf version` answers; what it says is part of the evidence. */
export async function candidateTellsItsVersion(run: CanaryRun): Promise<Judgement> {
  const result = await run.command('version');
  const source = 'aegisbpf version';
  const parsed = parseVersion(result.stdout);
  if (result.exitCode !== 0) return fail(howItEnded(result), { source });
  return parsed.ok
    ? pass(
        `version ${parsed.value.version}, SHA-256 ${run.provided.candidateSha256 ?? 'unknown'}`,
        { value: parsed.value.version, source },
      )
    : inconclusive(`the candidate's version cannot be read: ${parsed.error}`, { source });
}

/**
 * `health --json` describes the kernel and the BPF object, not a daemon (docs/agent-contract.md §0.1).
 * The first command that loads BPF and creates pins: the journal is opened before it.
 */
export async function kernelCanRunTheCandidate(run: CanaryRun): Promise<Judgement> {
  await run.journal();
  const result = await run.command('health', '--json');
  run.directory.writeText('health-before.json', result.stdoutBytes);
  const source = 'health-before.json';
  const parsed = parseHealth(result.stdout);
  if (!parsed.ok) {
    return inconclusive(
      `\`aegisbpf health --json\` cannot be read: ${parsed.error}; ${howItEnded(result)}`,
      { source },
    );
  }
  const health = parsed.value;
  if (!health.ok || result.exitCode !== 0) {
    return fail(
      `health is not ok: ${health.error ?? health.degradation_reason ?? howItEnded(result)} (exit ${result.exitCode ?? 'none'}, ok=${health.ok})`,
      { value: `ok=${health.ok}`, limit: 'ok=true', source },
    );
  }
  if (health.capability !== 'Full') {
    return fail(
      `the kernel gives the agent the capability ${health.capability}; enforcing needs Full`,
      { value: health.capability, limit: 'Full', source },
    );
  }
  if (health.degradation_reason !== undefined) {
    return fail(
      `health names a degradation: ${health.degradation_reason}; an enforcing start would be refused`,
      { value: health.degradation_reason, limit: 'none', source },
    );
  }
  return pass(`ok=true, capability=${health.capability}, kernel ${health.kernel_version}`, {
    value: health.capability,
    limit: 'Full',
    source,
  });
}

/** An emergency-disable from earlier turns every denial into an audit line (docs/agent-contract.md §2.4). */
export async function emergencyIsNotActive(run: CanaryRun): Promise<Judgement> {
  const result = await run.command('emergency-status', '--json');
  const source = 'aegisbpf emergency-status --json';
  // Versions before it answer with their usage (docs/agent-contract.md §1.2).
  if (result.stderr.startsWith('Usage: '))
    throw new NotApplicable('this version has no emergency-disable, so none can be active');
  const parsed = parseEmergencyStatus(result.stdout);
  if (!parsed.ok)
    return inconclusive(
      `the emergency state cannot be read: ${parsed.error}; ${howItEnded(result)}`,
      { source },
    );
  const { enabled, kernel_state_known: isKnown } = parsed.value;
  if (!isKnown)
    return inconclusive(
      'the emergency state in the kernel is unknown to the agent (kernel_state_known=false)',
      { source },
    );
  return enabled
    ? fail(
        'enforcement is bypassed by an emergency-disable; `aegisbpf emergency-enable --reason …` ends it',
        { value: 'enabled=true', limit: 'enabled=false', source },
      )
    : pass('no emergency-disable in the kernel', {
        value: 'enabled=false',
        limit: 'enabled=false',
        source,
      });
}

/** The host's own rules, recorded to be compared at the end. */
export async function hostRulesAreKnown(run: CanaryRun): Promise<Judgement> {
  const rules = await run.rules();
  const { cgroup, pinDirectoryExisted } = run.snapshot() ?? {};
  // With pins that go, their entries go; what stays must be as it was, entry by entry.
  const stays = cgroup !== undefined && pinDirectoryExisted === true;
  if (stays)
    (await run.journal()).record({
      kind: 'agent-allowance',
      cgroup,
      listed: rules.agentIsAllowed,
    });
  run.directory.writeJson('rules-before.json', {
    files: rules.files.map(ruleText),
    network: rules.network,
    allowedCgroups: rules.allowedCgroups,
    cgroupRules: rules.cgroupRules,
    survivors: stays ? await listSurvivors(run.candidate) : [],
  });
  return pass(
    `${rules.files.length} file rules, ${rules.network.length} network rules, ${rules.cgroupRules.length} cgroup rules, ${rules.allowedCgroups.length} allowed cgroups`,
    {
      value: rules.files.length + rules.network.length,
      unit: 'rules',
      source: 'rules-before.json',
    },
  );
}
