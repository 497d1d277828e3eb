import { z } from 'zod';
import { parseDocument } from './json-document.ts';
import type { Parsed } from './parsed.ts';

/** The last toggle, as control_state.json keeps it. */
interface EmergencyChange {
  /** Seconds since 1970. */
  readonly changedAtUnix: number;
  readonly uid: number;
  readonly pid: number;
  readonly nodeName: string;
  readonly reason: string;
  readonly reasonSha256: string;
  readonly transitionsTotal: number;
}

/** `emergency-status --json` (docs/agent-contract.md §2.4); its exit code is always 0. */
export interface EmergencyStatus {
  /** True when enforcement is bypassed. Without `kernelStateKnown` it is only a file's word. */
  readonly enabled: boolean;
  readonly kernelStateKnown: boolean;
  readonly kernelEnabled: boolean | undefined;
  readonly lastChange: EmergencyChange | undefined;
  readonly stormActive: boolean;
}

const count = z.int().nonnegative();

const change = {
  changed_at_unix: count,
  uid: count,
  pid: count,
  node_name: z.string(),
  reason: z.string(),
  reason_sha256: z.string(),
  transitions_total: count,
};

/** The two halves vary apart from each other, so each is a union of its own. */
const kernelHalf = z.discriminatedUnion('kernel_state_known', [
  z.looseObject({ kernel_state_known: z.literal(true), kernel_enabled: z.boolean() }),
  z.looseObject({ kernel_state_known: z.literal(false) }),
]);
const stateHalf = z.discriminatedUnion('state_present', [
  z.looseObject({ state_present: z.literal(true), ...change }),
  z.looseObject({ state_present: z.literal(false) }),
]);

const schema = z
  .looseObject({ ok: z.literal(true), enabled: z.boolean(), storm_active: z.boolean() })
  .and(kernelHalf)
  .and(stateHalf)
  .refine(
    (document) => !document.kernel_state_known || document.kernel_enabled === document.enabled,
    {
      path: ['kernel_enabled'],
      error: 'expected the same value as enabled',
    },
  )
  .transform(
    (document): EmergencyStatus => ({
      enabled: document.enabled,
      kernelStateKnown: document.kernel_state_known,
      kernelEnabled: document.kernel_state_known ? document.kernel_enabled : undefined,
      lastChange: document.state_present
        ? {
            changedAtUnix: document.changed_at_unix,
            uid: document.uid,
            pid: document.pid,
            nodeName: document.node_name,
            reason: document.reason,
            reasonSha256: document.reason_sha256,
            transitionsTotal: document.transitions_total,
          }
        : undefined,
      stormActive: document.storm_active,
    }),
  );

export function parseEmergencyStatus(text: string): Parsed<EmergencyStatus> {
  return parseDocument(text, schema, 'emergency status');
}
