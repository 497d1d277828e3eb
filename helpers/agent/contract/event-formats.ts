import { parseCefLine } from './cef-line.ts';
import type { EventLine } from './events.ts';
import { parseOcsfLine } from './ocsf-line.ts';

/** Formats of decisions besides the agent's own, as `--event-format` names them, each with its reader (docs/agent-contract.md §4.5). */
export const EVENT_FORMATS = {
  ocsf: parseOcsfLine,
  cef: parseCefLine,
} as const satisfies Record<string, (line: string) => EventLine>;

export type EventFormat = keyof typeof EVENT_FORMATS;
