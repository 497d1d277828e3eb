import { failed, noEvidence } from '../criteria/judgement.ts';
import type { Confinement } from '../host/confinement.ts';
import { type Candidate, howItEnded, runCommand } from './command.ts';
import { type Capabilities, parseCapabilities } from './contract/capabilities.ts';
import type { AgentStarted } from './contract/daemon-log.ts';
import { type DaemonOptions, effectiveMode } from './daemon-options.ts';

/** The field of `Agent started` that says whether an option of AGENT_OPTIONS is in force; where a version does not tell, that proves nothing. */
const TOLD: Readonly<Record<string, 'seccomp' | 'landlock' | 'cap_drop'>> = {
  '--seccomp': 'seccomp',
  '--landlock': 'landlock',
  '--drop-caps': 'cap_drop',
};

/** What the kernel shows of an option that is in force, besides the agent's word: in words why it is not. */
const SHOWN: Readonly<
  Record<string, (agent: Confinement, ours: Confinement) => string | undefined>
> = {
  '--seccomp': ({ seccomp }) =>
    seccomp === 0 ? 'it has no filter of system calls (Seccomp: 0)' : undefined,
  '--drop-caps': ({ capabilities }, ours) =>
    (capabilities & ours.capabilities) === ours.capabilities
      ? `it has every capability that it was started with (CapEff: ${capabilities.toString(16)})`
      : undefined,
};

/** @throws JudgementError (fail) when by the kernel the agent does not do as an option says. */
export function checkConfinement(
  options: readonly string[],
  agent: Confinement | undefined,
  ours: Confinement | undefined,
  source: string,
): void {
  if (agent === undefined || ours === undefined) return;
  for (const option of options) {
    const why = SHOWN[option]?.(agent, ours);
    if (why === undefined) continue;
    throw failed(
      `the agent was started with ${option} (AGENT_OPTIONS) and says that it does as told, and the kernel shows that ${why}`,
      { value: 'not in force', limit: option, source },
    );
  }
}

/** @throws JudgementError (fail) when the agent does not do as an option says. */
function checkOptions(started: AgentStarted, options: readonly string[], source: string): void {
  for (const option of options) {
    const field = TOLD[option];
    if (field === undefined || started[field] !== false) continue;
    throw failed(`the agent was started with ${option} (AGENT_OPTIONS) and says ${field}=false`, {
      value: `${field}=false`,
      limit: `${field}=true`,
      source,
    });
  }
}

/**
 * Judges what the daemon says of itself at start.
 * @throws JudgementError (fail) when it is not what was asked for.
 */
export function checkStarted(started: AgentStarted, options: DaemonOptions, source: string): void {
  const mode = effectiveMode(options);
  if (started.audit_only !== (mode === 'audit')) {
    throw failed(
      `${options.underBreakGlass === true ? 'break-glass was set before the start: ' : ''}the agent should be in ${mode} mode and says audit_only=${started.audit_only}, runtime_state=${started.runtime_state}`,
      {
        value: `audit_only=${started.audit_only}`,
        limit: `audit_only=${mode === 'audit'}`,
        source,
      },
    );
  }
  const wanted = options.enforceSignal;
  const signal = wanted === 'none' ? 'none' : `sig${wanted}`;
  if (started.enforce_signal !== signal) {
    throw failed(`the agent was asked for signal ${signal} and says ${started.enforce_signal}`, {
      value: started.enforce_signal,
      limit: signal,
      source,
    });
  }
  checkOptions(started, options.ofProduction ?? [], source);
  if (!started.lsm_enabled) {
    throw failed('the agent runs without BPF LSM (lsm_enabled=false): nothing can be denied', {
      source,
    });
  }
}

/**
 * The capability report of this very start: the best proof of what was attached (docs/agent-contract.md §2.2).
 * @param keep takes what the agent printed, as it came, before it is judged.
 * @throws JudgementError when it is missing, older than the start, or contradicts the mode.
 */
export async function freshCapabilities(
  candidate: Candidate,
  options: DaemonOptions,
  spawnedAt: number,
  keep: (report: Uint8Array) => void,
): Promise<Capabilities> {
  const mode = effectiveMode(options);
  const source = 'aegisbpf capabilities --json';
  const result = await runCommand(candidate, 'capabilities', '--json');
  keep(result.stdoutBytes);
  const parsed = parseCapabilities(result.stdout);
  if (result.exitCode !== 0)
    throw noEvidence(`there is no capability report to read: ${howItEnded(result)}`, { source });
  if (!parsed.ok)
    throw noEvidence(`the capability report cannot be read: ${parsed.error}`, { source });
  const report = parsed.value;
  // The report has whole seconds, and is never removed: one from an earlier start proves nothing.
  if (report.generated_at_unix * 1000 < spawnedAt - 1000) {
    throw failed(
      `the capability report is from ${new Date(report.generated_at_unix * 1000).toISOString()}, before this start at ${new Date(spawnedAt).toISOString()}: the agent did not write one`,
      {
        value: report.generated_at_unix,
        limit: Math.floor(spawnedAt / 1000),
        unit: 's (Unix time)',
        source,
      },
    );
  }
  if (report.audit_only !== (mode === 'audit')) {
    throw failed(`the capability report says audit_only=${report.audit_only} in ${mode} mode`, {
      source,
    });
  }
  const { hooks } = report;
  if (hooks.lsm_file_open !== true && hooks.lsm_inode_permission !== true) {
    throw failed(
      'no file hook is attached (hooks.lsm_file_open and hooks.lsm_inode_permission are false): no open would be seen',
      { source },
    );
  }
  return report;
}
