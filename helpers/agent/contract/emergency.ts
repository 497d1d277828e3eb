import { z } from 'zod';
import { parseDocument } from './json-document.ts';

const count = z.int().nonnegative();

/** The last toggle, as control_state.json keeps it. */
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
    { path: ['kernel_enabled'], error: 'expected the same value as enabled' },
  );

/** `emergency-status --json`, keys spelled as there. */
export type EmergencyStatus = z.output<typeof schema>;

/**
 * Reads `emergency-status --json` (docs/agent-contract.md §2.4), keys spelled as there; its exit code is always 0. `enabled`
 * is true when enforcement is bypassed; without `kernel_state_known` it is only a file's word.
 */
export const parseEmergencyStatus = (text: string) =>
  parseDocument(text, schema, 'emergency status');
