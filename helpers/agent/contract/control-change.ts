import { z } from 'zod';
import { parseDocument } from './json-document.ts';

const count = z.int().nonnegative();

const schema = z.looseObject({
  type: z.literal('control_change'),
  action: z.enum(['disable', 'enable']),
  enabled: z.boolean(),
  prev_enabled: z.boolean(),
  changed_at_unix: count,
  uid: count,
  pid: count,
  reason: z.string(),
  reason_sha256: z.string(),
});

/** A line of `control_log.jsonl`, keys spelled as there. */
export type ControlChange = z.output<typeof schema>;

/** Reads what the agent's audit log keeps of one use of the kill switch (docs/agent-contract.md §2.4). */
export const parseControlChange = (text: string) =>
  parseDocument(text, schema, 'a line of control_log.jsonl');
