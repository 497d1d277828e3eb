import { z } from 'zod';
import { flags, parseDocument } from './json-document.ts';
import { KERNEL_CAPABILITIES } from './vocabulary.ts';

const REQUIRED_CHECKS = [
  'prereqs',
  'bpf_load',
  'required_maps',
  'layout_version',
  'required_pins',
  'network_pins',
] as const;

const count = z.int().nonnegative();

const schema = z.looseObject({
  ok: z.boolean(),
  capability: z.enum(KERNEL_CAPABILITIES),
  mode: z.enum(['enforce', 'audit-only', 'disabled']),
  engine_mode: z.enum(['bpf_lsm', 'tracepoint_audit', 'unavailable']).optional(),
  kernel_version: z.string().min(1),
  features: flags(['bpf_lsm'], ['cgroup_v2', 'btf', 'bpf_syscall', 'ringbuf', 'bpffs']),
  checks: flags(REQUIRED_CHECKS, ['bpf_object', 'bpf_hash_verified']),
  network_maps_present: z.boolean(),
  bpf_object_path: z.string().optional(),
  bpf_object_found: z.boolean().optional(),
  bpf_hash_found: z.boolean().optional(),
  bpf_hash_verified: z.boolean().optional(),
  allow_unsigned_bpf: z.boolean().optional(),
  degradation_reason: z.string().optional(),
  error: z.string().optional(),
  /** How full each map is, where the object could be loaded; `max` is the agent's constant, not the map's own size. */
  map_pressure: z
    .array(
      z.looseObject({
        name: z.string(),
        entries: count,
        max: count,
        utilization: z.number().nonnegative(),
      }),
    )
    .optional(),
});

/** `health --json`, keys spelled as there. */
export type Health = z.output<typeof schema>;

/**
 * Reads `health --json` (docs/agent-contract.md §2.1) of v0.10.0 and of the older FEB and APR snapshots, keys spelled as
 * there. It tells what the kernel could do, and nothing about a running daemon. Optional keys are those that the FEB
 * snapshot does not print.
 */
export const parseHealth = (text: string) => parseDocument(text, schema, 'health');
