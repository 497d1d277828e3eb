import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alwaysAnswers, propertyRuns } from '../../../fixtures/examples/property-tools.ts';
import { parseCefLine } from './cef-line.ts';
import type { EventLine } from './events.ts';
import { parseOcsfLine } from './ocsf-line.ts';

const TIME = 1_786_311_314_740;
const IDS = { exec_id: '23673532649170-129085', parent_exec_id: '23668418478188-129059' };

const ocsf = (change: Record<string, unknown> = {}) => ({
  ...{ class_uid: 1001, class_name: 'File Activity', category_uid: 1 },
  ...{ activity_id: 14, activity_name: 'Open', type_uid: 100_114 },
  ...{ action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' },
  ...{ status_id: 1, severity_id: 4, severity: 'High', time: TIME },
  metadata: {
    version: '1.1.0',
    product: { name: 'AegisBPF', vendor_name: 'AegisBPF Project', version: '0.10.0' },
    uid: IDS.exec_id,
  },
  actor: {
    process: {
      ...{ pid: 129_085, name: 'cat', created_time: TIME - 1000 },
      parent_process: { pid: 129_059 },
    },
  },
  file: { type_id: 1, type: 'Regular File' },
  unmapped: {
    ...{ aegis_inode: 7_864_737, aegis_device: 271_581_191, aegis_cgroup_id: 35_944 },
    ...{ aegis_cgroup_path: '/sys/fs/cgroup/a', aegis_parent_exec_id: IDS.parent_exec_id },
  },
  ...change,
});

/** @param activity of OCSF by its number and name. */
const ocsfOfNetwork = (
  direction: number,
  type: string,
  [activity_id, activity_name]: readonly [number, string],
  ends: object,
) =>
  ocsf({
    ...{ class_uid: 4001, class_name: 'Network Activity', category_uid: 4 },
    ...{ activity_id, activity_name, type_uid: 400_100 + activity_id, file: undefined },
    connection_info: { protocol_num: 17, protocol_name: 'udp', protocol_ver_id: 6 },
    ...ends,
    unmapped: {
      ...{ aegis_cgroup_id: 1, aegis_direction: direction },
      ...{ aegis_event_type: type, aegis_rule_type: 'ip' },
    },
  });

const WHO = `externalId=${IDS.exec_id} cs2=${IDS.parent_exec_id} cs2Label=AegisParentExecId cs1=/a b cs1Label=AegisCgroupPath cn1=35944 cn1Label=AegisCgroupId`;
const cefHeader = (signature: string, name: string) =>
  `CEF:0|AegisBPF Project|AegisBPF|0.10.0|aegis:${signature}|AegisBPF ${name}|8|`;
const CEF_FILE = `${cefHeader('file:open', 'File Open Denied')}rt=${TIME} act=BLOCK outcome=success spid=129085 sproc=cat ${WHO} cn2=7864737 cn2Label=AegisInode cn3=271581191 cn3Label=AegisDevice`;
const cefOfNetwork = (direction: number, call: string, type: string, ends: string) =>
  `${cefHeader(`net:${call}`, 'Network Call Denied')}rt=${TIME} act=BLOCK spid=129085 sproc=cat proto=udp ${ends} ${WHO} cs3=ip cs3Label=AegisRuleType cs4=${type} cs4Label=AegisEventType cn2=${direction} cn2Label=AegisDirection`;

const eventOf = (line: EventLine): Readonly<Record<string, unknown>> => {
  if (line.kind !== 'event') throw new Error(line.error);
  return { ...line.event };
};
const errorOf = (line: EventLine) => (line.kind === 'event' ? undefined : line.error);
const json = (change?: Record<string, unknown>) => JSON.stringify(ocsf(change));

const FILE = {
  ...{ type: 'block', action: 'BLOCK', pid: 129_085, ppid: 129_059, comm: 'cat', timeMs: TIME },
  ...{ start_time: 23_673_532_649_170, parent_start_time: 23_668_418_478_188, ...IDS },
  ...{ ino: 7_864_737, dev: 271_581_191, cgid: 35_944 },
};

test('a denied open is the same event by each format', () => {
  const byOcsf = { ...FILE, cgroup_path: '/sys/fs/cgroup/a', createdMs: TIME - 1000 };
  expect(eventOf(parseOcsfLine(json()))).toEqual({ ...byOcsf, lacks: ['file.name'] });
  const named = json({ file: { type_id: 1, name: 'secret' } });
  expect(eventOf(parseOcsfLine(named))).toEqual(byOcsf);
  expect(eventOf(parseCefLine(CEF_FILE))).toEqual({ ...FILE, cgroup_path: '/a b' });
});

const PEER = { ip: 'fd77::1', port: 9 };
test.each([
  [0, 'connect', 'net_connect_block', 'egress', [1, 'Open'], { dst_endpoint: PEER }],
  [4, 'send', 'net_sendmsg_block', 'send', [6, 'Traffic'], { dst_endpoint: PEER }],
  [3, 'accept', 'net_accept_block', 'accept', [1, 'Open'], { src_endpoint: PEER }],
  [5, 'recv', 'net_recvmsg_block', 'recv', [6, 'Traffic'], { src_endpoint: PEER }],
] as const)(
  'of direction %i, %s, the other side is told',
  (number, call, type, direction, activity, ends) => {
    const wanted = { type, direction, protocol: 'udp', remote_ip: 'fd77::1', remote_port: 9 };
    const line = JSON.stringify(ocsfOfNetwork(number, type, activity, ends));
    expect(eventOf(parseOcsfLine(line))).toMatchObject({ ...wanted, family: 'ipv6' });
    const keys = 'src_endpoint' in ends ? 'src=fd77::1 spt=9' : 'dst=fd77::1 dpt=9';
    expect(eventOf(parseCefLine(cefOfNetwork(number, call, type, keys)))).toMatchObject(wanted);
  },
);

test.each([
  [1, 'bind', 'net_bind_block'],
  [2, 'listen', 'net_listen_block'],
] as const)('of direction %i, %s, the port of its own is told', (number, call, type) => {
  const ends = { dst_endpoint: { port: 9 } };
  const line = JSON.stringify(ocsfOfNetwork(number, type, [1, 'Open'], ends));
  const wanted = { type, direction: call, local_port: 9 };
  for (const parsed of [
    parseOcsfLine(line),
    parseCefLine(cefOfNetwork(number, call, type, 'dpt=9')),
  ]) {
    expect(eventOf(parsed)).toMatchObject(wanted);
    expect(eventOf(parsed)).not.toHaveProperty('remote_port');
  }
});

test('what each has no line for stays in the format of the agent, and no denial does', () => {
  const start = '{"type":"exec_argv","pid":1,"start_time":1,"argc":0,"argv":[]}';
  const block = JSON.stringify({ ...FILE, cgroup_path: '', timeMs: undefined });
  for (const parse of [parseOcsfLine, parseCefLine]) {
    expect(eventOf(parse(start))).toMatchObject({ type: 'exec_argv' });
    expect(errorOf(parse(block))).toMatch(
      /^expected a denial as a line of \w+, saw the agent's own/,
    );
  }
});

describe('OCSF', () => {
  test('a decision of audit has no disposition', () => {
    const audit = { action_id: 1, action: 'Allowed', severity_id: 2, severity: 'Low' };
    const without = { ...audit, disposition_id: undefined, disposition: undefined };
    expect(eventOf(parseOcsfLine(json(without)))).toMatchObject({ action: 'AUDIT' });
    expect(errorOf(parseOcsfLine(json(audit)))).toMatch(
      /contradicts .*: expected disposition_id left/,
    );
  });

  test.each([
    [{ action: 'Allowed' }, /expected action Denied, saw/],
    [{ disposition: undefined }, /expected disposition Blocked, saw/],
    [{ severity: 'Low' }, /expected severity High, saw/],
    [{ activity_id: 6, type_uid: 100_106 }, /expected activity_id 14, saw/],
    [{ type_uid: 100_101 }, /expected type_uid 100114, saw/],
    [{ category_uid: 4 }, /expected 1, saw 4 at \$\.category_uid/],
    [{ class_uid: 1007 }, /at \$\.class_uid/],
    [{ time: '1' }, /expected int, saw "1" at \$\.time|expected number, saw "1" at \$\.time/],
    [{ metadata: { version: '1.1.0' } }, /saw nothing at \$\.metadata\.product/],
    [{ unmapped: { aegis_cgroup_id: 1 } }, /saw nothing at \$\.unmapped\.aegis_inode/],
  ])('%j is no line of it', (change, words) => {
    expect(errorOf(parseOcsfLine(json(change)))).toMatch(words);
  });

  test('always answers', () => {
    alwaysAnswers((text) => errorOf(parseOcsfLine(text)), json());
  });
});

describe('CEF', () => {
  const cut = (from: string, to: string) => errorOf(parseCefLine(CEF_FILE.replace(from, to)));

  test.each([
    ['a bar in a field of the header', '0.10.0|', '0.10|0|', /at \$\.severity|expected a name/],
    ['a severity that is none', '|8|', '|high|', /expected a number from 0 to 10, saw "high"/],
    ['too few fields', '|8|', '|8', /of which severity has no end/],
    ['a bare sign = in a value', 'sproc=cat', 'sproc=a=b', /expected a key before the sign =/],
    ['a key that comes twice', 'sproc=cat', 'sproc=x spid=1', /expected spid once/],
    ['a backslash that escapes nothing', 'sproc=cat', 'sproc=a\\b', /in the value of sproc/],
    ['a value without its label', 'cn2Label=AegisInode', 'x=y', /saw nothing at \$\.AegisInode/],
    ['audit with the name of a denial', 'act=BLOCK', 'act=AUDIT', /ends with " Audit Observed"/],
    ['the signature of a call', 'file:open', 'net:bind', /saw nothing at \$\.AegisDirection/],
    ['no time', `rt=${TIME} `, '', /expected string, saw nothing at \$\.rt/],
    ['no number', 'spid=129085', 'spid=one', /expected a number, saw "one" at \$\.spid/],
    ['another version', 'CEF:0', 'CEF:2', /expected "0", saw "2" at \$\.version/],
  ])('%s is no line of it', (_, from, to, words) => {
    expect(cut(from, to)).toMatch(words);
  });

  const escaped = (text: string) =>
    text.replaceAll(/[\\=]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

  test('no name adds a field or ends its own', () => {
    const pieces = ['|', '=', '\\', ' ', '\n', '\r', '"', 'spid', '1', 'act=AUDIT', '\u2028'];
    const names = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 15 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(names, (name) => {
        const line = CEF_FILE.replace('sproc=cat', () => `sproc=${escaped(name)}`);
        expect(eventOf(parseCefLine(line))).toEqual({ ...FILE, cgroup_path: '/a b', comm: name });
      }),
      propertyRuns(),
    );
  });

  test('always answers', () => {
    alwaysAnswers((text) => errorOf(parseCefLine(text)), CEF_FILE);
  });
});
