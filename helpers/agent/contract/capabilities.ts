import { z } from 'zod';
import { type Flags, flags, parseDocument } from './json-document.ts';
import type { Parsed } from './parsed.ts';
import {
  KERNEL_CAPABILITIES,
  type KernelCapability,
  RUNTIME_STATES,
  type RuntimeState,
} from './vocabulary.ts';

/** Hooks that every version reports; newer ones add more (docs/agent-contract.md §2.2). */
const HOOKS = [
  'lsm_file_open',
  'lsm_inode_permission',
  'lsm_bprm_check_security',
  'lsm_file_mmap',
  'lsm_socket_connect',
  'lsm_socket_bind',
] as const;
const NEWER_HOOKS = [
  'lsm_socket_listen',
  'lsm_socket_accept',
  'lsm_socket_sendmsg',
  'lsm_socket_recvmsg',
  'lsm_inode_copy_up',
  'lsm_bprm_ima_check',
] as const;

/**
 * `capabilities --json` (docs/agent-contract.md §2.2): what the last daemon that started had attached.
 * Written once per start and never removed, so compare `generatedAtUnix` with the start.
 */
export interface Capabilities {
  readonly schemaVersion: 1;
  readonly schemaSemver: string;
  /** Seconds since 1970. */
  readonly generatedAtUnix: number;
  readonly kernelVersion: string;
  readonly capability: KernelCapability;
  readonly auditOnly: boolean;
  readonly enforceCapable: boolean;
  readonly enforceBlockers: readonly string[];
  readonly runtimeState: RuntimeState;
  readonly lsmEnabled: boolean;
  readonly coreSupported: boolean;
  readonly features: Flags<'bpf_lsm'>;
  readonly hooks: Flags<(typeof HOOKS)[number]>;
  readonly policy: {
    readonly appliedPath: string;
    readonly snapshotPresent: boolean;
    readonly parseOk: boolean;
    readonly networkRuleCount: number;
  };
  readonly requirementsMet: Flags<
    'network' | 'exec_identity' | 'exec_runtime_deps' | 'ima_appraisal'
  >;
  readonly stateTransitions: {
    readonly total: number;
    readonly degradationTotal: number;
    readonly strictMode: boolean;
    readonly enforceRequested: boolean;
  };
}

const count = z.int().nonnegative();

const schema = z
  .looseObject({
    schema_version: z.literal(1),
    schema_semver: z.string(),
    generated_at_unix: z.int().positive(),
    kernel_version: z.string().min(1),
    capability: z.enum(KERNEL_CAPABILITIES),
    audit_only: z.boolean(),
    enforce_capable: z.boolean(),
    enforce_blockers: z.array(z.string()),
    runtime_state: z.enum(RUNTIME_STATES),
    lsm_enabled: z.boolean(),
    core_supported: z.boolean(),
    features: flags(['bpf_lsm']),
    hooks: flags(HOOKS, NEWER_HOOKS),
    policy: z.looseObject({
      applied_path: z.string(),
      snapshot_present: z.boolean(),
      parse_ok: z.boolean(),
      network_rule_count: count,
    }),
    requirements_met: flags(['network', 'exec_identity', 'exec_runtime_deps', 'ima_appraisal']),
    state_transitions: z.looseObject({
      total: count,
      degradation_total: count,
      strict_mode: z.boolean(),
      enforce_requested: z.boolean(),
    }),
  })
  .transform(
    (document): Capabilities => ({
      schemaVersion: document.schema_version,
      schemaSemver: document.schema_semver,
      generatedAtUnix: document.generated_at_unix,
      kernelVersion: document.kernel_version,
      capability: document.capability,
      auditOnly: document.audit_only,
      enforceCapable: document.enforce_capable,
      enforceBlockers: document.enforce_blockers,
      runtimeState: document.runtime_state,
      lsmEnabled: document.lsm_enabled,
      coreSupported: document.core_supported,
      features: document.features,
      hooks: document.hooks,
      policy: {
        appliedPath: document.policy.applied_path,
        snapshotPresent: document.policy.snapshot_present,
        parseOk: document.policy.parse_ok,
        networkRuleCount: document.policy.network_rule_count,
      },
      requirementsMet: document.requirements_met,
      stateTransitions: {
        total: document.state_transitions.total,
        degradationTotal: document.state_transitions.degradation_total,
        strictMode: document.state_transitions.strict_mode,
        enforceRequested: document.state_transitions.enforce_requested,
      },
    }),
  );

/** Reads the capability report of v0.10.0 and APR; FEB writes none. */
export function parseCapabilities(text: string): Parsed<Capabilities> {
  return parseDocument(text, schema, 'capability report');
}
