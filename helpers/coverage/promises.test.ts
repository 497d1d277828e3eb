import { describe, expect, test } from 'vitest';
import type { Capabilities } from '../agent/contract/capabilities.ts';
import type { BlockEvent } from '../agent/contract/events.ts';
import { parseProbe } from '../agent/contract/probe.ts';
import { NotApplicable } from '../criteria/judgement.ts';
import { judgeGroup, judgeLines } from './judge-lines.ts';
import { lostSection, owedSections, type Promises } from './promises.ts';
import { type Route, TABLE } from './table.ts';
import type { Taken } from './taken.ts';

const EVERY = {
  ...{ lsm_file_open: true, lsm_inode_permission: true, lsm_bprm_check_security: true },
  ...{ lsm_file_mmap: true, lsm_socket_connect: true, lsm_socket_bind: true },
} as const;
const NEWER = {
  ...{ lsm_socket_listen: true, lsm_socket_accept: true, lsm_socket_sendmsg: true },
  ...{ lsm_socket_recvmsg: true, lsm_inode_copy_up: true, lsm_bprm_ima_check: true },
} as const;
const REFUSED = { outcome: 'refused', errno: 'EPERM', call: 'open' } as const;
const EVENT: BlockEvent = {
  type: 'block',
  action: 'BLOCK',
  ...{ pid: 1, ppid: 1, start_time: 1, parent_start_time: 1 },
  ...{ cgid: 1, cgroup_path: '/', comm: 'node', dev: 1, ino: 1 },
};

const takenBy = (route: Route): readonly Taken[] =>
  TABLE.filter((line) => line.route === route).map((line) =>
    line.expected === 'denied'
      ? { line, answer: REFUSED, events: [EVENT] }
      : { line, answer: { outcome: 'passed' }, events: [] },
  );

/** The verdict of a route that went as it must under enforcement, where the agent says this of itself. */
function judged(
  route: Route,
  hooks: Partial<Capabilities['hooks'] & Capabilities['features']>,
  promises: Partial<Promises> = {},
) {
  const [one] = judgeLines(takenBy(route), {
    mode: 'enforce',
    notRun: new Map(),
    hooks: { ...EVERY, ...hooks },
    promises: { probed: undefined, unknownSections: [], owedSections: [], ...promises },
    missingRule: () => undefined,
  });
  return { verdict: one?.verdict, text: one?.text };
}

describe('a route is tried where the agent promises it', () => {
  test.each([
    ['held-listen', 'lsm_socket_listen'],
    ['held-accept', 'lsm_socket_accept'],
    ['held-receive', 'lsm_socket_recvmsg'],
    ['peer-accept', 'lsm_socket_accept'],
    ['udp-send', 'lsm_socket_sendmsg'],
    ['udp-sendmsg', 'lsm_socket_sendmsg'],
    ['udp-sendmmsg', 'lsm_socket_sendmsg'],
    ['overlay-read', 'lsm_inode_copy_up'],
    ['overlay-truncate', 'lsm_inode_copy_up'],
  ] as const)('%s by %s', (route, hook) => {
    const without = { ...NEWER, [hook]: undefined };
    const asked = expect.stringMatching(`this version has ${hook}, and its capability report does`);
    expect(judged(route, NEWER).verdict).toBe('pass');
    expect(judged(route, { ...NEWER, [hook]: false })).toEqual({
      verdict: 'inconclusive',
      text: expect.stringMatching(`did not attach ${hook}, by its capability report$`),
    });
    // Neither document names it, or no hook of its age.
    const none = {
      verdict: 'not run',
      text: expect.stringMatching(`\\(this version has no ${hook}\\)$`),
    };
    expect(judged(route, without, { probed: Object.keys(EVERY) })).toEqual(none);
    expect(judged(route, {})).toEqual(none);
    // One document names it, or hooks of its age.
    const probed = { probed: [...Object.keys(EVERY), hook] };
    expect(judged(route, {}, probed)).toEqual({ verdict: 'inconclusive', text: asked });
    expect(judged(route, without)).toEqual({ verdict: 'inconclusive', text: asked });
  });

  test.each(['merged-read', 'merged-chmod', 'merged-beside'] as const)(
    '%s by the feature that the report tells, and by the section of the policy',
    (route) => {
      const lacks = (what: string) => ({
        verdict: 'not run',
        text: expect.stringMatching(`\\(this version has no ${what}\\)$`),
      });
      const feature = { overlay_copy_up_propagation: true };
      expect(judged(route, { ...NEWER, ...feature }).verdict).toBe('pass');
      const none = { overlay_copy_up_propagation: false };
      expect(judged(route, { ...NEWER, ...none }).verdict).toBe('inconclusive');
      const probed = Object.keys({ ...EVERY, ...NEWER });
      expect(judged(route, NEWER, { probed })).toEqual(lacks('overlay_copy_up_propagation'));
      const unknownSections = ['deny_inode'];
      expect(judged(route, feature, { unknownSections })).toEqual(lacks('\\[deny_inode\\]'));
    },
  );

  test.each(['exec-by-name', 'exec-by-name-far', 'exec-longer-name', 'exec-other-name'] as const)(
    '%s by the section of the policy and the hook on exec',
    (route) => {
      expect(judged(route, {}).verdict).toBe('pass');
      expect(judged(route, { lsm_bprm_check_security: false }).verdict).toBe('inconclusive');
      expect(judged(route, {}, { unknownSections: ['deny_comm'] })).toEqual({
        verdict: 'not run',
        text: expect.stringMatching(/\(this version has no \[deny_comm\]\)$/),
      });
    },
  );

  test.each([
    ['number-read', 'deny_inode'],
    ['guarded-read', 'protect_path'],
    ['scoped-append', 'cgroup_deny_inode'],
    ['scoped-send', 'cgroup_deny_ip'],
    ['scoped-port-send', 'cgroup_deny_port'],
    ['scoped-port-udp-both-connect', 'cgroup_deny_port'],
    ['scoped-next-connect', 'cgroup_deny_port'],
  ] as const)('%s by the section of the policy', (route, section) => {
    expect(judged(route, NEWER).verdict).toBe('pass');
    expect(judged(route, NEWER, { unknownSections: [section] })).toEqual({
      verdict: 'not run',
      text: expect.stringMatching(`\\(this version has no \\[${section}\\]\\)$`),
    });
  });

  test('a group of which nothing is promised is not run, with the words of each route', () => {
    const taken = takenBy('peer-accept');
    const lines = judgeLines(taken, {
      ...{ mode: 'enforce', notRun: new Map<string, string>(), hooks: EVERY },
      promises: { probed: undefined, unknownSections: [], owedSections: [] },
      missingRule: () => undefined,
    });
    const judge = () => judgeGroup(lines, 'accepted-peers', { mode: 'enforce' });
    expect(judge).toThrow(NotApplicable);
    expect(judge).toThrow(
      /^none can be tried: accept of .* \(this version has no lsm_socket_accept/,
    );
  });
});

test('the hooks that a version has are read from `probe`, where it names any', () => {
  const named = parseProbe('{"kernel_release":"6.1","hook_probe":{"hooks":{"lsm_bpf":{}}}}');
  expect(named.ok && named.value.hook_probe?.hooks).toEqual({ lsm_bpf: {} });
  expect(parseProbe('{"kernel_release":"6.1"}')).toMatchObject({ ok: true });
  expect(parseProbe('{"hook_probe":{"hooks":[]}}').ok).toBe(false);
  expect(parseProbe('').ok).toBe(false);
});

test('a version whose number says that it knows a section, and does not, shows nothing of its routes', () => {
  const owed = owedSections({ version: '0.10.0', standIn: false });
  const unknownSections = ['deny_comm', 'cgroup_deny_port'];
  for (const route of ['exec-by-name', 'scoped-port-send'] as const)
    expect(judged(route, NEWER, { unknownSections, owedSections: owed })).toEqual({
      verdict: 'inconclusive',
      text: expect.stringMatching(
        /this version does not know \[\w+\], which versions from 0\.9\.0/,
      ),
    });
  const of = (version: string, standIn = false) => owedSections({ version, standIn });
  expect([of('0.1.0'), of('0.8.9'), of('unknown')]).toEqual([[], [], []]);
  expect([of('v0.9.0-3-gabc'), of('1.0.0')]).toEqual([owed, owed]);
  expect(of('0.10.0-stand-in', true)).not.toContain('deny_comm');
});

test('what the one version knows and the other does not is lost', () => {
  const of = (...unknownSections: readonly string[]): Promises => ({
    ...{ probed: undefined, unknownSections, owedSections: [] },
  });
  expect(lostSection('exec-by-name', of(), of('deny_comm'))).toBe('[deny_comm]');
  expect(lostSection('exec-by-name', of('deny_comm'), of('deny_comm'))).toBeUndefined();
  expect(lostSection('exec-by-name', of('deny_comm'), of())).toBeUndefined();
  expect(lostSection('read', of(), of('deny_comm'))).toBeUndefined();
});
