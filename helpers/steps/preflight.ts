import { howItEnded } from '../agent/command.ts';
import { parseEmergencyStatus } from '../agent/contract/emergency.ts';
import { parseHealth } from '../agent/contract/health.ts';
import { parseVersion } from '../agent/contract/version.ts';
import { listSurvivors, NO_RULES, ruleText, wronglyEmpty } from '../changes/rules.ts';
import { fail, inconclusive, type Judgement, NotApplicable, pass } from '../criteria/judgement.ts';
import type { CanaryRun } from './canary-run.ts';

/** What the agent says of the kernel and its BPF object, before anything is changed. */
export const HEALTH_BEFORE = 'health-before.json';

/** `aegisbpf version` answers; what it says is part of the evidence. */
export async function candidateTellsItsVersion(run: CanaryRun): Promise<Judgement> {
  const result = await run.command('version');
  const source = 'aegisbpf version';
  const parsed = parseVersion(result.stdout);
  if (result.exitCode !== 0) return fail(howItEnded(result), { source });
  if (!parsed.ok)
    return inconclusive(`the candidate's version cannot be read: ${parsed.error}`, { source });
  const { version: value } = parsed.value;
  const sha256 = run.provided.candidateSha256 ?? 'unknown';
  return pass(`version ${value}, SHA-256 ${sha256}`, { value, source });
}

/**
 * `health --json` describes the kernel and the BPF object, not a daemon (docs/agent-contract.md §0.1).
 * The first command that loads BPF and creates pins: the journal is opened before it.
 */
export async function kernelCanRunTheCandidate(run: CanaryRun): Promise<Judgement> {
  await run.journal();
  const result = await run.command('health', '--json');
  const source = HEALTH_BEFORE;
  run.directory.writeText(source, result.stdoutBytes);
  const parsed = parseHealth(result.stdout);
  if (!parsed.ok) {
    return inconclusive(
      `\`aegisbpf health --json\` cannot be read: ${parsed.error}; ${howItEnded(result)}`,
      { source },
    );
  }
  const health = parsed.value;
  const { capability, degradation_reason: degraded } = health;
  const measured = { value: capability, limit: 'Full', source };
  if (!health.ok || result.exitCode !== 0) {
    return fail(
      `health is not ok: ${health.error ?? degraded ?? howItEnded(result)} (exit ${result.exitCode ?? 'none'}, ok=${health.ok})`,
      { value: `ok=${health.ok}`, limit: 'ok=true', source },
    );
  }
  if (capability !== 'Full')
    return fail(
      `the kernel gives the agent the capability ${capability}; enforcing needs Full`,
      measured,
    );
  if (degraded !== undefined)
    return fail(`health names a degradation: ${degraded}; an enforcing start would be refused`, {
      value: degraded,
      limit: 'none',
      source,
    });
  return pass(`ok=true, capability=${capability}, kernel ${health.kernel_version}`, measured);
}

/** An emergency-disable from earlier turns every denial into an audit line (docs/agent-contract.md §2.4). */
export async function emergencyIsNotActive(run: CanaryRun): Promise<Judgement> {
  if (run.startedWithoutPins())
    return pass(
      'the agent had no pins on this host, so nothing in the kernel bypasses enforcement',
      {
        ...{ value: 'no pins', limit: 'enabled=false', source: 'host-before.json' },
      },
    );
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
  const measured = { value: `enabled=${enabled}`, limit: 'enabled=false', source };
  return enabled
    ? fail(
        'enforcement is bypassed by an emergency-disable; `aegisbpf emergency-enable --reason …` ends it',
        measured,
      )
    : pass('no emergency-disable in the kernel', measured);
}

/** The host's own rules, recorded to be compared at the end. */
export async function hostRulesAreKnown(run: CanaryRun): Promise<Judgement> {
  // What the health check made and pinned just now holds nothing.
  const hadNone = run.startedWithoutPins();
  const rules = hadNone ? NO_RULES : await run.rules(true);
  const { cgroup, pinDirectoryExisted } = run.snapshot() ?? {};
  // With pins that go, their entries go; what stays must be as it was, entry by entry.
  const stays = cgroup !== undefined && pinDirectoryExisted === true;
  if (stays)
    (await run.journal()).record({ kind: 'agent-allowance', cgroup, listed: rules.agentIsAllowed });
  const { files, network, allowedCgroups, cgroupRules } = rules;
  const source = 'rules-before.json';
  run.directory.writeJson(source, {
    ...{ files: files.map(ruleText), network, allowedCgroups, cgroupRules },
    survivors: stays ? await listSurvivors(run.candidate) : [],
  });
  // By these numbers later steps leave lists out, and would take a host with rules for one without.
  const wrong = hadNone ? [] : await wronglyEmpty(run.candidate, rules);
  if (wrong.length > 0)
    return fail(`the agent's metrics call a table empty that is not: ${wrong.join('; ')}`, {
      ...{ value: wrong.length, limit: 0, unit: 'tables', source: 'aegisbpf metrics' },
    });
  const why = hadNone ? ': the agent had no pins on this host, and so no maps of rules' : '';
  return pass(
    `${files.length} file rules, ${network.length} network rules, ${cgroupRules.length} cgroup rules, ${allowedCgroups.length} allowed cgroups${why}`,
    { value: files.length + network.length, unit: 'rules', source },
  );
}
