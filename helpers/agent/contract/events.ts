import { type Fields, fieldFault, shapeOf } from './event-fields.ts';
import type { AgentEvent } from './event-types.ts';
import { describeJsonFault } from './json-document.ts';
import { quote, shown } from './parsed.ts';

export type * from './event-types.ts';

/** What one line of the event stream is. */
export type EventLine =
  | { readonly kind: 'event'; readonly event: AgentEvent }
  /** Not an object at all: a CEF line, stray text, an empty line. */
  | { readonly kind: 'not-json'; readonly error: string }
  /** An object that is cut, malformed or breaks the contract. */
  | { readonly kind: 'invalid'; readonly error: string };

/**
 * Reads one line of the daemon's standard output (docs/agent-contract.md §4.1). Hot path: the fields
 * are checked by a table, because a schema library costs several times the JSON.parse.
 */
export function parseEventLine(line: string): EventLine {
  if (!line.startsWith('{')) {
    return { kind: 'not-json', error: `expected an event as a JSON object, saw ${quote(line)}` };
  }
  let fields: Fields;
  try {
    fields = JSON.parse(line);
  } catch {
    return { kind: 'invalid', error: `an event is not JSON: ${describeJsonFault(line)}` };
  }
  const { type } = fields;
  if (typeof type !== 'string') {
    return {
      kind: 'invalid',
      error: `expected a string, saw ${shown(type)} at $.type of ${quote(line)}`,
    };
  }
  const shape = shapeOf(type);
  if (shape === undefined)
    return { kind: 'event', event: { type: 'other', agentType: type, fields } };
  const error = fieldFault(type, shape, fields);
  if (error !== undefined) return { kind: 'invalid', error };
  return { kind: 'event', event: fields as unknown as AgentEvent };
}

/**
 * The device number that events and rules carry, major<<20 | minor, of stat's `st_dev`, which
 * glibc packs in another way (docs/agent-contract.md §4.1).
 */
export function kernelDevice(statDev: bigint): number {
  const major = ((statDev >> 8n) & 0xfffn) | ((statDev >> 32n) & 0xffff_f000n);
  const minor = (statDev & 0xffn) | ((statDev >> 12n) & 0xffff_ff00n);
  // Masks as in the agent; the kernel itself has 12 bits of major and 20 of minor.
  return Number(((major & 0xfffn) << 20n) | (minor & 0xf_ffffn));
}

/** True when the event is about exactly this file; `dev` as `kernelDevice` gives it. */
export function eventMatchesFile(
  event: { readonly dev: number; readonly ino: number },
  file: { readonly dev: number; readonly ino: number },
): boolean {
  // deny_comm and tracepoint events carry 0:0, which names no file (docs/agent-contract.md §4.2).
  return event.ino !== 0 && event.ino === file.ino && event.dev === file.dev;
}
