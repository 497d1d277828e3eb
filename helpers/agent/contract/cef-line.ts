import { z } from 'zod';
import type { AgentEvent, EventLine } from './events.ts';
import {
  DIRECTIONS,
  EVENT_TYPES,
  idFields,
  invalidLine,
  ofIds,
  otherSide,
  ownLine,
} from './formatted-line.ts';
import { describeZodError, quote } from './parsed.ts';
import { ACTIONS } from './vocabulary.ts';

/* Lines of `run --event-format=cef` (docs/agent-contract.md §4.5; ArcSight Common Event Format, version 0). */

const BEGINNING = 'CEF:';
const HEADER = ['version', 'vendor', 'product', 'device', 'signature', 'name', 'severity'] as const;

const header = z.object({
  version: z.literal('0'),
  vendor: z.string().min(1),
  product: z.string().min(1),
  device: z.string().min(1),
  signature: z.string(),
  name: z.string(),
  severity: z.string().regex(/^(?:\d|10)$/, 'expected a number from 0 to 10'),
});

const count = z.string().regex(/^\d+$/, 'expected a number').transform(Number);
const port = count.pipe(z.number().max(0xffff)).optional();
const address = z.union([z.ipv4(), z.ipv6()]).optional();

const common = z.looseObject({
  rt: count,
  act: z.enum(ACTIONS),
  spid: count,
  sproc: z.string().default(''),
  externalId: idFields.exec_id,
  AegisParentExecId: idFields.parent_exec_id,
  AegisCgroupId: count,
  AegisCgroupPath: z.string().default(''),
});
const onFile = common.extend({ AegisInode: count, AegisDevice: count });
const ofNetwork = common.extend({
  ...{ proto: z.string().optional(), src: address, dst: address, spt: port, dpt: port },
  AegisDirection: count.pipe(z.number().max(DIRECTIONS.length - 1)),
  AegisEventType: z.enum(EVENT_TYPES),
  AegisRuleType: z.string(),
});

const FILE_SIGNATURE = 'aegis:file:open';
const NETWORK_SIGNATURE = 'aegis:net:';

/** Reads one line of CEF into the event that the agent's own format would have told. */
export function parseCefLine(text: string): EventLine {
  if (text.startsWith('{')) return ownLine(text, 'CEF');
  if (!text.startsWith(BEGINNING))
    return { kind: 'not-json', error: `expected a line of CEF, saw ${quote(text)}` };
  const refuse = (problem: string) =>
    invalidLine(`a line of CEF: ${problem}, saw ${quote(text, 1000)}`);
  const parts = headerOf(text.slice(BEGINNING.length));
  if (typeof parts === 'string') return refuse(parts);
  const head = header.safeParse(parts.fields);
  if (!head.success)
    return invalidLine(`a line of CEF: ${describeZodError(head.error, parts.fields)}`);
  const extension = extensionOf(parts.rest);
  if (typeof extension === 'string') return refuse(extension);
  const { signature, name } = head.data;
  if (signature !== FILE_SIGNATURE && !signature.startsWith(NETWORK_SIGNATURE))
    return { kind: 'event', event: { type: 'other', agentType: signature, fields: extension } };
  const schema = signature === FILE_SIGNATURE ? onFile : ofNetwork;
  const parsed = schema.safeParse(extension);
  if (!parsed.success)
    return invalidLine(`a line of CEF: ${describeZodError(parsed.error, extension)}`);
  const isAudit = parsed.data.act === 'AUDIT';
  const end = isAudit ? ' Audit Observed' : ' Denied';
  if (!name.endsWith(end)) return refuse(`expected a name that ends with "${end}" by its act`);
  const event = eventOf(parsed.data);
  const wanted = signatureOf(event);
  return signature === wanted ? { kind: 'event', event } : refuse(`expected signature ${wanted}`);
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', '\\': '\\' };

/** @param own what else may be escaped there. @returns undefined where a backslash begins nothing that the format knows. */
function unescaped(text: string, own: '|' | '='): string | undefined {
  let plain = '';
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== '\\') {
      plain += text[at];
      continue;
    }
    at += 1;
    const next = text[at] ?? '';
    const meant = next === own ? own : ESCAPED[next];
    if (meant === undefined) return undefined;
    plain += meant;
  }
  return plain;
}

/** Where this character stands without a backslash before it that is itself no escaped one. */
function* bare(text: string, wanted: string): Generator<number> {
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === wanted) yield at;
  }
}

/** Seven fields, each ended by a bar, and what is behind them. @returns in words what is wrong. */
function headerOf(text: string) {
  const fields: Record<string, string> = {};
  let from = 0;
  const bars = bare(text, '|');
  for (const name of HEADER) {
    const next = bars.next();
    if (next.done === true)
      return `expected seven fields before the extension, of which ${name} has no end`;
    const plain = unescaped(text.slice(from, next.value), '|');
    if (plain === undefined) return `expected \\\\, \\|, \\n or \\r in the field ${name}`;
    fields[name] = plain;
    from = next.value + 1;
  }
  return { fields, rest: text.slice(from) };
}

const FIRST_KEY = /^([A-Za-z0-9_]+)$/;
const KEY = / ([A-Za-z0-9_]+)$/;
const LABEL = 'Label';

/** `key=value`, a blank between two. What has a label goes by that too. @returns in words what is wrong. */
function extensionOf(text: string): Readonly<Record<string, string>> | string {
  const pairs = new Map<string, string>();
  let open: { readonly key: string; readonly from: number } | undefined;
  const close = (end: number): string | undefined => {
    if (open === undefined) return end === 0 ? undefined : 'expected a key at its beginning';
    const value = unescaped(text.slice(open.from, end), '=');
    if (value === undefined) return `expected \\\\, \\=, \\n or \\r in the value of ${open.key}`;
    if (pairs.has(open.key)) return `expected ${open.key} once`;
    pairs.set(open.key, value);
    return undefined;
  };
  for (const at of bare(text, '=')) {
    const before = text.slice(open?.from ?? 0, at);
    const key = (open === undefined ? FIRST_KEY : KEY).exec(before)?.[1];
    if (key === undefined) return `expected a key before the sign = at ${quote(before.slice(-40))}`;
    const begin = at - key.length;
    const problem = close(Math.max(0, begin - 1));
    if (problem !== undefined) return problem;
    open = { key, from: at + 1 };
  }
  const problem = close(text.length);
  if (problem !== undefined) return problem;
  const labelled = [...pairs].flatMap(([key, label]) => {
    const value = key.endsWith(LABEL) ? pairs.get(key.slice(0, -LABEL.length)) : undefined;
    return value === undefined ? [] : [[label, value] as const];
  });
  return Object.fromEntries([...pairs, ...labelled]);
}

function signatureOf(event: AgentEvent): string {
  const call = DIRECTIONS.find(({ type }) => type === event.type)?.call;
  return call === undefined ? FILE_SIGNATURE : `${NETWORK_SIGNATURE}${call}`;
}

function eventOf(told: z.output<typeof onFile> | z.output<typeof ofNetwork>): AgentEvent {
  const { rt, act, spid, sproc, externalId, AegisParentExecId } = told;
  const who = {
    ...ofIds({ exec_id: externalId, parent_exec_id: AegisParentExecId }),
    ...{ pid: spid, comm: sproc, action: act, timeMs: rt },
    ...{ cgid: told.AegisCgroupId, cgroup_path: told.AegisCgroupPath },
  };
  if (isOnFile(told)) return { type: 'block', ...who, ino: told.AegisInode, dev: told.AegisDevice };
  const { AegisDirection, AegisEventType, AegisRuleType, proto, src, dst, spt, dpt } = told;
  const tried = DIRECTIONS[AegisDirection] ?? DIRECTIONS[0];
  const side = otherSide(tried);
  const [remote_ip, remote_port, local_port] =
    side === 'source'
      ? [src, spt, dpt]
      : side === 'destination'
        ? [dst, dpt, spt]
        : [undefined, undefined, dpt];
  const ends = Object.entries({ remote_ip, remote_port, local_port, protocol: proto });
  const network = { type: AegisEventType, direction: tried.direction, rule_type: AegisRuleType };
  return {
    ...who,
    ...network,
    ...Object.fromEntries(ends.filter(([, value]) => value !== undefined)),
  };
}

const isOnFile = (
  told: z.output<typeof onFile> | z.output<typeof ofNetwork>,
): told is z.output<typeof onFile> => 'AegisInode' in told;
