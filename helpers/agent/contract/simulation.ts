import { z } from 'zod';
import { parseDocument } from './json-document.ts';

const NONE = 'no_policy_match';
const ALLOW = 'allow_cgroup';

const fileRule = z.enum([ALLOW, 'deny_inode', 'deny_path', NONE]);
const networkRule = z.enum([ALLOW, 'deny_ip_port', 'deny_ip', 'deny_cidr', 'deny_port', NONE]);

/** `simulate --per-event --json` (docs/agent-contract.md §2.5): each event's rule under another policy. */
const simulation = z.object({
  /** One for each `block` event, in the order of the input. */
  events: z.array(z.object({ simulated_rule: fileRule })),
  /** One for each `net_*_block` event, in the order of the input; absent in an input without one. */
  net_events: z.array(z.object({ simulated_rule: networkRule })).optional(),
});

export type Simulation = z.output<typeof simulation>;

/** Reads the answer of `simulate`. */
export const parseSimulation = (text: string) =>
  parseDocument(text, simulation, 'the answer of simulate');

/** True when that rule of a policy refuses the operation. */
export const isDenial = (rule: string) => rule !== NONE && rule !== ALLOW;
