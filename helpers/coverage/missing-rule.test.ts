import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judgeGroup, judgeLines } from './judge-lines.ts';
import { missingRuleOf } from './missing-rule.ts';
import { FILES, type NetworkSite } from './site.ts';
import { type Line, TABLE } from './table.ts';
import type { Taken } from './taken.ts';

const ports = {
  bindPort: 20_000,
  bothPort: 20_010,
  tcpPort: 20_020,
  udpPort: 20_050,
  pairPort: 20_030,
  pairTcpPort: 20_060,
  udpBothPort: 20_070,
  ...{ scopedPort: 20_040, scopedBothPort: 20_080 },
  ...{ scopedUdpPort: 20_090, scopedUdpBothPort: 20_100 },
};
const family = (at: (last: number) => string): NetworkSite => ({
  ...{ ...ports, address: at(8), next: at(9), free: at(11), pair: at(13) },
  range: { network: `${at(0)}/n`, first: at(0), last: at(3), before: at(99), after: at(4) },
  scoped: at(15),
});
const site = {
  ...{ directory: '/d', numbered: '/dev/shm/numbered' },
  ipv4: family((last) => `127.1.2.${last}`),
  ipv6: family((last) => `fd77::${last}`),
};
const at = (name: keyof typeof FILES) => join(site.directory, FILES[name]);
/** As CoverageSubjects compares them. */
const FILE_RULES = [
  ...(['secret', 'linked', 'program', 'viaSymlink', 'byNumber', 'guarded', 'folder'] as const),
  ...(['hashed', 'hashedTwin', 'survivor', 'survivorTwin'] as const),
].map(at);
const RULES = [
  ...[...FILE_RULES, '/d/layers/lower', site.numbered, `/proc/7/root${at('mergedRead')}`],
  ...['127.1.2.8', 'fd77::8', '127.1.2.0/n', 'fd77::0/n', '127.1.2.13:20030', '[fd77::13]:20030'],
  ...['20000 (any, bind)', '20010 (any, both)', '20020 (tcp, egress)'],
  ...['20050 (udp, egress)', '127.1.2.13:20060:tcp', '[fd77::13]:20060:tcp'],
  ...['cgid:5 1:2', 'cgid:5 127.1.2.15', 'cgid:5 20040 (any, egress)'],
  ...['20070 (udp, both)', 'cgid:5 20080 (any, both)'],
  ...['cgid:5 20090 (udp, egress)', 'cgid:5 20100 (udp, both)'],
];

const without = (missing: readonly string[]) => (line: Line) => missingRuleOf(line, site, missing);
const linesWithout = (rule: string) => TABLE.filter((line) => without([rule])(line) === rule);

describe('the rule that a line is about', () => {
  test('is known for every line but those on names of programs', () => {
    const unknown = TABLE.filter((line) => without(RULES)(line) === undefined);
    expect([...new Set(unknown.map(({ route }) => route))]).toEqual([
      ...['exec-by-name', 'exec-by-name-far', 'exec-longer-name', 'exec-other-name'],
    ]);
    expect(TABLE.filter(without([]))).toEqual([]);
  });

  test('is that of no line for no rule, and each rule is that of some', () => {
    for (const rule of RULES) expect(linesWithout(rule), rule).not.toEqual([]);
  });

  test.each([
    [
      '127.1.2.0/n',
      ['range-first-connect', 'range-last-connect', 'range-send'],
      ['before-range-connect', 'after-range-connect'],
    ],
    [
      '[fd77::13]:20030',
      ['pair-connect', 'pair-tcp-connect', 'pair-send'],
      ['pair-next-port-connect', 'pair-other-address-connect'],
    ],
    ['127.1.2.13:20060:tcp', ['tcp-pair-connect'], ['other-protocol-pair-connect']],
    [
      '20020 (tcp, egress)',
      ['tcp-port-connect', 'mptcp-port-connect'],
      ['other-protocol-connect', 'egress-port-bind'],
    ],
    [
      '20070 (udp, both)',
      ['udp-both-port-connect', 'udp-both-port-bind'],
      ['other-protocol-both-bind'],
    ],
    ['cgid:5 20080 (any, both)', ['scoped-port-both-connect'], []],
    ['cgid:5 20090 (udp, egress)', ['scoped-port-udp-connect'], []],
    ['cgid:5 20100 (udp, both)', ['scoped-port-udp-both-connect'], []],
    [
      'cgid:5 20040 (any, egress)',
      ['scoped-port-connect', 'scoped-port-send'],
      ['scoped-next-connect'],
    ],
    ['/d/guarded', ['guarded-read', 'guarded-append'], []],
  ])('%s is that of its own routes and of those beside it', (rule, denied, open) => {
    const routes = (expected: Line['expected']) => [
      ...new Set(
        linesWithout(rule.replace('/d/guarded', at('guarded')))
          .filter((line) => line.expected === expected && line.kind !== 'exempt-sibling')
          .map(({ route }) => route),
      ),
    ];
    expect({ denied: routes('denied'), open: routes('open') }).toEqual({ denied, open });
  });

  test('is that of the allowed cgroup, too, for exemptions', () => {
    const lines = linesWithout('allowed cgroup 9');
    expect(new Set(lines.map(({ group }) => group))).toEqual(new Set(['exemptions']));
  });
});

describe('where the agent does not list a rule', () => {
  const HOOKS = {
    ...{ lsm_file_open: true, lsm_inode_permission: true, lsm_bprm_check_security: true },
    ...{ lsm_file_mmap: true, lsm_socket_connect: true, lsm_socket_bind: true },
    ...{ lsm_socket_sendmsg: true, lsm_socket_accept: true },
  };
  const LINES = TABLE.filter(({ kind }) => kind === 'network' || kind === 'network-neighbour');
  const judged = (answers: Partial<Record<Line['route'], Partial<Taken>>>) =>
    judgeLines(
      LINES.map(
        (line): Taken => ({
          line,
          answer: { outcome: 'passed' },
          events: [],
          ...answers[line.route],
        }),
      ),
      {
        ...{ mode: 'enforce', notRun: new Map<string, string>(), hooks: HOOKS },
        promises: { probed: undefined, unknownSections: [], owedSections: [] },
        missingRule: without(['127.1.2.0/n']),
      },
    );
  const verdictOf = (lines: ReturnType<typeof judged>, route: Line['route']) =>
    lines.find(({ taken }) => taken.line.route === route)?.verdict;

  test('what went through without it shows nothing, and what has its rule is judged', () => {
    const lines = judged({});
    expect(verdictOf(lines, 'range-send')).toBe('inconclusive');
    expect(verdictOf(lines, 'after-range-connect')).toBe('inconclusive');
    expect(verdictOf(lines, 'udp-connect')).toBe('fail');
    expect(verdictOf(lines, 'next-udp-connect')).toBe('pass');
    const [first] = lines.filter(({ taken }) => taken.line.route === 'range-first-connect');
    expect(first?.text).toBe(
      'a UDP connect to the first address of the network by root, by IPv4: the agent does not list the rule 127.1.2.0/n',
    );
  });

  test('what was refused all the same is judged as ever', () => {
    const refused = { outcome: 'refused', errno: 'EACCES', call: 'connect' } as const;
    const lines = judged({
      'range-send': { answer: refused },
      'after-range-connect': { answer: refused },
    });
    expect(verdictOf(lines, 'range-send')).toBe('fail');
    expect(verdictOf(lines, 'after-range-connect')).toBe('fail');
  });

  test('its groups follow from that, unless more is wrong with them', () => {
    const lines = judged({});
    const near = judgeGroup(lines, 'network-near-misses', { mode: 'enforce' });
    expect(near).toMatchObject({ verdict: 'inconclusive', follows: 'coverage.listed' });
    expect(judgeGroup(lines, 'network', { mode: 'enforce' }).verdict).toBe('fail');
    const untold = judged({ 'next-udp-connect': { answer: 'its process ended' } });
    expect(judgeGroup(untold, 'network-near-misses', { mode: 'enforce' })).not.toHaveProperty(
      'follows',
    );
  });
});
