import { z } from 'zod';
import { type Flags, flags, parseDocument } from './json-document.ts';
import type { Parsed } from './parsed.ts';
import { KERNEL_CAPABILITIES, type KernelCapability } from './vocabulary.ts';

const REQUIRED_CHECKS = [
  'prereqs',
  'bpf_load',
  'required_maps',
  'layout_version',
  'required_pins',
  'network_pins',
] as const;

/** How full one map is; `max` is the agent's constant, not the map's own size. */
interface MapPressure {
  readonly name: string;
  readonly entries: number;
  readonly max: number;
  /** Ratio, 0 to 1. */
  readonly utilization: number;
}

/**
 * `health --json` (docs/agent-contract.md §2.1). It tells what the kernel could do, and nothing about a
 * running daemon. Optional keys are those that the FEB snapshot does not print.
 */
export interface Health {
  readonly ok: boolean;
  readonly capability: KernelCapability;
  readonly mode: 'enforce' | 'audit-only' | 'disabled';
  readonly engineMode?: 'bpf_lsm' | 'tracepoint_audit' | 'unavailable' | undefined;
  readonly kernelVersion: string;
  readonly features: Flags<'bpf_lsm'>;
  readonly checks: Flags<(typeof REQUIRED_CHECKS)[number]>;
  readonly networkMapsPresent: boolean;
  readonly bpfObjectPath?: string | undefined;
  readonly bpfObjectFound?: boolean | undefined;
  readonly bpfHashFound?: boolean | undefined;
  readonly bpfHashVerified?: boolean | undefined;
  readonly allowUnsignedBpf?: boolean | undefined;
  readonly degradationReason?: string | undefined;
  readonly error?: string | undefined;
  /** Only there when the object could be loaded. */
  readonly mapPressure?: readonly MapPressure[] | undefined;
}

const count = z.int().nonnegative();

const schema = z
  .looseObject({
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
  })
  .transform(
    (document): Health => ({
      ok: document.ok,
      capability: document.capability,
      mode: document.mode,
      engineMode: document.engine_mode,
      kernelVersion: document.kernel_version,
      features: document.features,
      checks: document.checks,
      networkMapsPresent: document.network_maps_present,
      bpfObjectPath: document.bpf_object_path,
      bpfObjectFound: document.bpf_object_found,
      bpfHashFound: document.bpf_hash_found,
      bpfHashVerified: document.bpf_hash_verified,
      allowUnsignedBpf: document.allow_unsigned_bpf,
      degradationReason: document.degradation_reason,
      error: document.error,
      mapPressure: document.map_pressure,
    }),
  );

/** Reads `health --json` of v0.10.0 and of the older FEB and APR snapshots. */
export function parseHealth(text: string): Parsed<Health> {
  return parseDocument(text, schema, 'health');
}
