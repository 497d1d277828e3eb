import { z } from 'zod';
import { type EventLine, parseEventLine } from './events.ts';
import { quote } from './parsed.ts';

/*
 * What lines of formats other than the agent's own have in common (docs/agent-contract.md §4.5). A decision is read into the
 * very event that the agent's own format would have told.
 */

/** As the kernel side numbers what was tried, with the event and direction of the agent's own format and the name of CEF. */
export const DIRECTIONS = [
  { type: 'net_connect_block', direction: 'egress', call: 'connect' },
  { type: 'net_bind_block', direction: 'bind', call: 'bind' },
  { type: 'net_listen_block', direction: 'listen', call: 'listen' },
  { type: 'net_accept_block', direction: 'accept', call: 'accept' },
  { type: 'net_sendmsg_block', direction: 'send', call: 'send' },
  { type: 'net_recvmsg_block', direction: 'recv', call: 'recv' },
] as const;

type Direction = (typeof DIRECTIONS)[number];
export const EVENT_TYPES = DIRECTIONS.map(({ type }) => type);

/** The other side is the source of these, and the destination of calls; the rest has no other side. */
export const otherSide = ({ direction }: Direction): 'source' | 'destination' | 'none' => {
  if (direction === 'accept' || direction === 'recv') return 'source';
  return direction === 'egress' || direction === 'send' ? 'destination' : 'none';
};

export const invalidLine = (error: string): EventLine => ({ kind: 'invalid', error });

/** `START-PID`. */
const executionId = z.string().regex(/^\d+-\d+$/, 'expected START_TIME-PID');
export const idFields = { exec_id: executionId.optional(), parent_exec_id: executionId.optional() };

/** What the ids are made of; 0 where a line has none, as the agent's own format writes what is unknown. */
export function ofIds(ids: {
  readonly exec_id?: string | undefined;
  readonly parent_exec_id?: string | undefined;
}) {
  const [parentStart, ppid] = numbersOf(ids.parent_exec_id);
  const given = Object.entries(ids).filter(([, id]) => id !== undefined);
  return {
    ...Object.fromEntries(given),
    ...{ start_time: numbersOf(ids.exec_id)[0], parent_start_time: parentStart, ppid },
  };
}

const numbersOf = (id = '0-0') => id.split('-').map(Number) as [number, number];

/** A line of the agent's own format in such a stream: it has one for what the other format does not tell. */
export function ownLine(line: string, format: string): EventLine {
  const parsed = parseEventLine(line);
  if (parsed.kind !== 'event') return parsed;
  const { type } = parsed.event;
  return type === 'block' || type.startsWith('net_')
    ? invalidLine(
        `expected a denial as a line of ${format}, saw the agent's own format: ${quote(line)}`,
      )
    : parsed;
}
