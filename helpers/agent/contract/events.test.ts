import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alwaysAnswers, propertyRuns, sample } from '../../../fixtures/examples/property-tools.ts';
import { type AgentEvent, parseEventLine } from './events.ts';
import { kernelDevice } from './kernel-device.ts';

const jsonLines = (name: string) =>
  sample(name)
    .split('\n')
    .filter((line) => line.startsWith('{'));
const all = [...jsonLines('enforce.log'), ...jsonLines('audit.log')];
const block = all.find((line) => line.startsWith('{"type":"block"')) ?? '';

function event(line: string): AgentEvent {
  const parsed = parseEventLine(line);
  if (parsed.kind !== 'event') throw new Error(parsed.error);
  return parsed.event;
}
const error = (line: string) => {
  const parsed = parseEventLine(line);
  return parsed.kind === 'event' ? undefined : parsed.error;
};
const edited = (edit: Record<string, unknown>) => JSON.stringify({ ...JSON.parse(block), ...edit });

test('every event line of the real runs is read as its type', () => {
  const types = all.map((line) => event(line).type);
  expect(new Set(types)).toEqual(new Set(['state_change', 'exec', 'exec_argv', 'block']));
  expect(all.map((line) => parseEventLine(line).kind)).not.toContain('invalid');
});

test('the real block line gives its process, file and action', () => {
  expect(event(block)).toMatchObject({
    type: 'block',
    pid: 348,
    ino: 15356,
    dev: 266338304,
    action: 'TERM',
    comm: 'cat',
  });
});

test('types that the contract does not describe stay whole', () => {
  const fields = { type: 'overlay_copy_up', pid: 1, src_ino: 2 };
  expect(event(JSON.stringify(fields))).toEqual({
    type: 'other',
    agentType: 'overlay_copy_up',
    fields,
  });
});

test.each([
  [
    'net_connect_block',
    {
      family: 'ipv4',
      protocol: 'tcp',
      direction: 'egress',
      rule_type: 'ip',
      remote_ip: '10.0.0.1',
      remote_port: 80,
    },
  ],
  [
    'net_bind_block',
    { family: 'ipv6', protocol: '132', direction: 'bind', rule_type: 'port', local_port: 80 },
  ],
  ['kernel_ptrace_block', { rule_type: 'ptrace', target_pid: 7 }],
  ['kernel_novel_block', { rule_type: 'novel' }],
  [
    'forensic_block',
    {
      uid: 0,
      gid: 0,
      exec_ino: 1,
      exec_dev: 2,
      exec_stage: 0,
      verified_exec: false,
      exec_identity_known: true,
    },
  ],
])('a decision of type %s is read', (type, fields) => {
  expect(event(edited({ type, ...fields }))).toMatchObject({ type, action: 'TERM', ...fields });
});

test.each([
  ['a missing inode', { ino: undefined }, 'saw nothing at $.ino'],
  ['an inode as text', { ino: '15356' }, 'saw "15356" at $.ino'],
  [
    'an inode that a number cannot hold',
    { ino: 2 ** 53 },
    'expected an integer from 0 to 2^53 - 1',
  ],
  ['a negative inode', { ino: -1 }, 'saw -1 at $.ino'],
  ['a device beyond 32 bits', { dev: 2 ** 32 }, 'at $.dev'],
  [
    'an unknown action',
    { action: 'ALLOW' },
    'expected AUDIT or BLOCK or TERM or INT or KILL, saw "ALLOW" at $.action',
  ],
  [
    'a suppressed count of the wrong type',
    { suppressed_during_prior_window: '3' },
    'at $.suppressed_during_prior_window',
  ],
  ['a type that is no text', { type: 3 }, 'saw 3 at $.type'],
  ['a network decision without its rule', { type: 'net_bind_block' }, 'at $.family'],
])('%s is refused at its path', (_, edit, expected) => {
  expect(parseEventLine(edited(edit)).kind).toBe('invalid');
  expect(error(edited(edit))).toContain(expected);
});

test('a host that is up for more than 104 days still has events', () => {
  expect(event(edited({ start_time: 1.8e19 })).type).toBe('block');
});

test('what is no object is told apart from a broken event', () => {
  for (const line of ['', 'CEF:0|aegis', '2026-11-23 x', '[]', '"a"', ' {"type":"block"}']) {
    expect(parseEventLine(line).kind).toBe('not-json');
  }
  for (const line of ['{', '{}', block.slice(0, -1), `${block}${block}`]) {
    expect(parseEventLine(line).kind).toBe('invalid');
  }
});

test('no cut of a real event is taken for one', () => {
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.nat(), (line, at) => {
      expect(parseEventLine(line.slice(0, at % line.length)).kind).not.toBe('event');
    }),
    propertyRuns(),
  );
});

test('no text and no damage makes it throw', () => {
  alwaysAnswers(error, block, ...all.slice(0, 4));
});

test('the device of stat becomes that of the events, whatever its halves', () => {
  expect(kernelDevice(65024n)).toBe(266338304);
  fc.assert(
    fc.property(fc.nat({ max: 0xfff }), fc.nat({ max: 0xf_ffff }), (major, minor) => {
      // glibc's makedev: minor's low byte, major's low 12 bits, then the rest of both.
      const stat = BigInt(minor & 0xff) | (BigInt(major) << 8n) | (BigInt(minor >> 8) << 20n);
      expect(kernelDevice(stat)).toBe(major * 2 ** 20 + minor);
    }),
    propertyRuns(),
  );
});
