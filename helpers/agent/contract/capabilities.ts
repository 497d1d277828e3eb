import { z } from 'zod';
import { flags, parseDocument } from './json-document.ts';
import { KERNEL_CAPABILITIES, RUNTIME_STATES } from './vocabulary.ts';

/** Hooks that every version reports; newer ones add more (docs/agent-contract.md §2.2). */
const HOOKS = [
  'lsm_file_open',
  'lsm_inode_permission',
  'lsm_bprm_check_security',
  'lsm_file_mmap',
  'lsm_socket_connect',
  'lsm_socket_bind',
] as const;
/** Not in the report of every version (docs/agent-contract.md §2.2). */
export const NEWER_HOOKS = [
  'lsm_socket_listen',
  'lsm_socket_accept',
  'lsm_socket_sendmsg',
  'lsm_socket_recvmsg',
  'lsm_inode_copy_up',
  'lsm_bprm_ima_check',
] as const;

const count = z.int().nonnegative();

const schema = z.looseObject({
  schema_version: z.literal(1),
  schema_semver: z.string(),
  /** Seconds since 1970. */
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
});

/**
 * `capabilities --json` (docs/agent-contract.md §2.2), keys spelled as there: what the last daemon that started had attached.
 * Written once per start and never removed, so compare `generated_at_unix` with the start.
 */
export type Capabilities = z.output<typeof schema>;

/** Reads the capability report of v0.10.0 and APR; FEB writes none. */
export const parseCapabilities = (text: string) => parseDocument(text, schema, 'capability report');
