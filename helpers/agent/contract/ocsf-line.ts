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
import { describeJsonFault } from './json-document.ts';
import { describeZodError, quote } from './parsed.ts';

/* Lines of `run --event-format=ocsf` (docs/agent-contract.md §4.5, https://schema.ocsf.io/1.1.0). */

const OPEN = { activity_id: 14, activity_name: 'Open' };
const NETWORK_OPEN = { activity_id: 1, activity_name: 'Open' };
const TRAFFIC = { activity_id: 6, activity_name: 'Traffic' };

const count = z.int().nonnegative();
const port = count.max(0xffff).optional();
const SEVERITIES = ['Informational', 'Low', 'Medium', 'High', 'Critical', 'Fatal'] as const;

/** Who reads OCSF asks for the number or for its name: both say the same. */
const common = z.looseObject({
  activity_id: count,
  activity_name: z.string(),
  type_uid: count,
  action_id: z.literal([1, 2]),
  action: z.literal(['Allowed', 'Denied']),
  disposition_id: count.optional(),
  disposition: z.string().optional(),
  status_id: count,
  severity_id: z.int().min(1).max(SEVERITIES.length),
  severity: z.literal(SEVERITIES),
  time: count,
  metadata: z.looseObject({
    version: z.string().regex(/^\d+\.\d+\.\d+/),
    product: z.looseObject({
      name: z.string().min(1),
      vendor_name: z.string().min(1),
      version: z.string().min(1),
    }),
    uid: idFields.exec_id,
  }),
  actor: z.looseObject({
    process: z.looseObject({
      pid: count,
      name: z.string().default(''),
      created_time: count,
      parent_process: z.looseObject({ pid: count }).default({ pid: 0 }),
    }),
  }),
});

const ofAgent = z.looseObject({
  aegis_cgroup_id: count,
  aegis_cgroup_path: z.string().default(''),
  aegis_parent_exec_id: idFields.parent_exec_id,
});

const onFile = common.extend({
  class_uid: z.literal(1001),
  class_name: z.literal('File Activity'),
  category_uid: z.literal(1),
  file: z.looseObject({ type_id: count, name: z.string().optional() }),
  unmapped: ofAgent.extend({ aegis_inode: count, aegis_device: count }),
});

const endpoint = z.looseObject({ ip: z.union([z.ipv4(), z.ipv6()]).optional(), port });

const ofNetwork = common.extend({
  class_uid: z.literal(4001),
  class_name: z.literal('Network Activity'),
  category_uid: z.literal(4),
  connection_info: z.looseObject({
    ...{ protocol_num: count, protocol_ver_id: z.literal([4, 6]) },
    direction_id: count.optional(),
  }),
  src_endpoint: endpoint.default({}),
  dst_endpoint: endpoint.default({}),
  unmapped: ofAgent.extend({
    aegis_direction: count.max(DIRECTIONS.length - 1),
    aegis_event_type: z.enum(EVENT_TYPES),
    aegis_rule_type: z.string(),
  }),
});

const line = z.discriminatedUnion('class_uid', [onFile, ofNetwork]);
type Line = z.output<typeof line>;

const anyObject = z.looseObject({ class_uid: z.int().optional(), type: z.string().optional() });

/** Reads one line of OCSF into the event that the agent's own format would have told. */
export function parseOcsfLine(text: string): EventLine {
  if (!text.startsWith('{'))
    return { kind: 'not-json', error: `expected a JSON object of OCSF, saw ${quote(text)}` };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return invalidLine(`a line of OCSF is not JSON: ${describeJsonFault(text)}`);
  }
  const known = anyObject.safeParse(json);
  if (known.success && known.data.class_uid === undefined && known.data.type !== undefined)
    return ownLine(text, 'OCSF');
  const parsed = line.safeParse(json);
  if (!parsed.success)
    return invalidLine(`a line of OCSF: ${describeZodError(parsed.error, json)}`);
  const contradiction = contradictionIn(parsed.data);
  return contradiction === undefined
    ? { kind: 'event', event: eventOf(parsed.data) }
    : invalidLine(`a line of OCSF contradicts itself: ${contradiction}, saw ${quote(text)}`);
}

/** Numbers that follow from others, and names that are those of their numbers. */
function contradictionIn(told: Line): string | undefined {
  const wanted = { ...activityOf(told), ...namesOf(told) };
  const fields: ReadonlyMap<string, unknown> = new Map(Object.entries(told));
  const wrong = Object.entries(wanted).find(([field, value]) => fields.get(field) !== value);
  return wrong && `expected ${wrong[0]} ${wrong[1] ?? 'left out'}`;
}

function activityOf(told: Line) {
  const isTraffic = told.class_uid === 4001 && told.unmapped.aegis_direction >= 4;
  const activity = told.class_uid === 1001 ? OPEN : isTraffic ? TRAFFIC : NETWORK_OPEN;
  return { ...activity, type_uid: told.class_uid * 100 + activity.activity_id };
}

function namesOf({ action_id, severity_id }: Line) {
  const isDenied = action_id === 2;
  return {
    action: isDenied ? 'Denied' : 'Allowed',
    disposition_id: isDenied ? 2 : undefined,
    disposition: isDenied ? 'Blocked' : undefined,
    severity: SEVERITIES[severity_id - 1],
  };
}

const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp' };

/** Fields that OCSF requires, and that readers of the published agent have never had (docs/agent-contract.md §4.5). */
function lackedBy(told: Line) {
  const [field, value] =
    told.class_uid === 1001
      ? ['file.name', told.file.name]
      : ['connection_info.direction_id', told.connection_info.direction_id];
  return value === undefined ? { lacks: [field] } : {};
}

function eventOf(told: Line): AgentEvent {
  const { actor, metadata, unmapped, time } = told;
  const { process } = actor;
  const who = {
    ...ofIds({ exec_id: metadata.uid, parent_exec_id: unmapped.aegis_parent_exec_id }),
    ...{ pid: process.pid, ppid: process.parent_process.pid, comm: process.name },
    ...{ cgid: unmapped.aegis_cgroup_id, cgroup_path: unmapped.aegis_cgroup_path },
    // Which of its signals came with it is not told.
    action: told.action_id === 2 ? ('BLOCK' as const) : ('AUDIT' as const),
    ...{ timeMs: time, createdMs: process.created_time, ...lackedBy(told) },
  };
  if (told.class_uid === 1001)
    return {
      ...{ type: 'block', ...who },
      ...{ ino: told.unmapped.aegis_inode, dev: told.unmapped.aegis_device },
    };
  const { aegis_direction, aegis_event_type, aegis_rule_type } = told.unmapped;
  const tried = DIRECTIONS[aegis_direction] ?? DIRECTIONS[0];
  const { protocol_num, protocol_ver_id } = told.connection_info;
  const side = otherSide(tried);
  const [remote, local] =
    side === 'source'
      ? [told.src_endpoint, told.dst_endpoint]
      : side === 'destination'
        ? [told.dst_endpoint, told.src_endpoint]
        : [{}, told.dst_endpoint];
  const network = {
    type: aegis_event_type,
    direction: tried.direction,
    family: `ipv${protocol_ver_id}`,
    protocol: PROTOCOLS[protocol_num] ?? String(protocol_num),
    rule_type: aegis_rule_type,
    ...(remote.ip === undefined ? {} : { remote_ip: remote.ip }),
    ...(remote.port === undefined ? {} : { remote_port: remote.port }),
    ...(local.port === undefined ? {} : { local_port: local.port }),
  };
  return { ...who, ...network };
}
