import { describe, expect, test } from 'vitest';
import { ownEventLine } from '../../fixtures/examples/own-event-line.ts';
import { type AgentEvent, parseEventLine } from '../agent/contract/events.ts';
import { parseMetrics } from '../agent/contract/metrics.ts';
import type { Scrape } from '../agent/scrape.ts';
import { readProcessFacts } from '../host/process-facts.ts';
import type { Others } from '../soak/measured.ts';
import { judgeRoutes, witnessOf } from './event-fields.ts';
import { type CountedTable, judgeCounters } from './judge-counters.ts';
import type { JudgedLine } from './judge-lines.ts';
import type { NetworkSite } from './site.ts';
import { BY_DENIED_NAME, type Kind, type Line, type Route, TABLE } from './table.ts';
import type { Taken } from './taken.ts';
import { wantedEvent } from './wanted-event.ts';

const SECRET = { path: '/site/secret', dev: 7, ino: 8 };
const NETWORK: NetworkSite = {
  ...{ address: '127.9.9.8', next: '127.9.9.9', free: '127.9.9.11', pair: '127.9.9.13' },
  range: {
    ...{ network: '127.9.9.4/30', first: '127.9.9.4', last: '127.9.9.7' },
    ...{ before: '127.9.9.3', after: '127.9.9.8' },
  },
  ...{ bindPort: 20_000, bothPort: 20_010, tcpPort: 20_020, udpPort: 20_050, pairPort: 20_030 },
  ...{ scoped: '127.9.9.15', scopedPort: 20_040, pairTcpPort: 20_060 },
  ...{ udpBothPort: 20_070, scopedBothPort: 20_080, scopedUdpPort: 20_090 },
  ...{ scopedUdpBothPort: 20_100 },
};
const NAMES = { denied: 'canary1234567', longer: 'canary1234567x', other: 'xcanary1234567' };
const MERGED = { path: '/proc/7/root/site/overlay/merged/read', dev: 44, ino: 10 };
const LOWER = { path: '/site/layers/lower', dev: 7, ino: 9 };
const wanted = (line: Line) =>
  wantedEvent(line, {
    site: { names: NAMES, ipv4: NETWORK, ipv6: NETWORK },
    denied: [SECRET, LOWER, MERGED],
  });

const CONNECT = {
  ...{ type: 'net_connect_block', family: 'ipv4', protocol: 'tcp', direction: 'egress' },
  ...{ remote_ip: NETWORK.address, remote_port: 43_210, rule_type: 'ip' },
};

const NO_FILE = { dev: 0, ino: 0, comm: NAMES.denied };

const isDecision = (event: AgentEvent): event is Taken['events'][number] =>
  event.type === 'block' || /^net_.*_block$/.test(event.type);

/** A line of the table that this very process took, with what one event told of it. */
function told(kind: Kind, route: Route, ...edits: readonly Record<string, unknown>[]): JudgedLine {
  const line = TABLE.find((one) => one.kind === kind && one.route === route);
  const process_ = readProcessFacts(process.pid);
  if (line === undefined || process_ === undefined) throw new Error(`no ${route} by ${kind}`);
  const events = edits.map((edit) => {
    const parsed = parseEventLine(ownEventLine(SECRET, edit).trim());
    if (parsed.kind !== 'event' || !isDecision(parsed.event)) throw new Error('no decision');
    return parsed.event;
  });
  const parent = readProcessFacts(process_.parentPid);
  return {
    taken: {
      ...{ line, events, answer: { outcome: 'passed' } },
      actor: { kind: 'process', process: process_, parent },
    },
    ...{ verdict: 'pass', text: '' },
  };
}

const read = (...edits: readonly Record<string, unknown>[]) => told('root', 'read', ...edits);
const connect = (edit: Record<string, unknown> = {}) =>
  told('network', 'tcp-connect', { ...CONNECT, ...edit });

describe('what event lines tell', () => {
  const judge = (...judged: readonly JudgedLine[]) =>
    judgeRoutes(witnessOf(judged, wanted, 'audit'), 'table.json');

  test('lines that tell what was tried and who tried it are right', () => {
    expect(judge(read({}), connect())).toMatchObject({
      verdict: 'pass',
      explanation: expect.stringMatching(/^2 event lines of ours compared.*dev.*remote_ip/),
    });
  });

  test.each([
    ['family', { family: 'ipv6' }],
    ['protocol', { protocol: 'udp' }],
    ['direction', { direction: 'send' }],
    ['remote_ip', { remote_ip: '8.8.8.8' }],
    ['rule_type', { rule_type: 'cg_ip' }],
    ['comm', { comm: 'sshd' }],
    ['ppid', { ppid: 1234567 }],
    ['type', { type: 'net_bind_block' }],
    ['type', { type: 'block' }],
  ])('a connect that tells another %s is a lie: %j', (field, edit) => {
    expect(judge(read({}), connect(edit))).toMatchObject({
      verdict: 'fail',
      explanation: expect.stringMatching(new RegExp(`\\b${field}: expected .+, saw .+ in 1 of 2`)),
    });
  });

  test.each([
    ['type', CONNECT],
    ['dev', { dev: 9 }],
    ['ino', { ino: 9 }],
    ['pid', { pid: 1, ppid: process.pid }],
  ])('an open that tells another %s is a lie', (field, edit) => {
    expect(judge(read(edit))).toMatchObject({
      verdict: 'fail',
      explanation: expect.stringMatching(new RegExp(`^${field}: expected`)),
    });
  });

  test('of a file that is copied up the device is compared, and of one that is opened the number as well', () => {
    const copied = (dev: number) =>
      judge(told('overlay-holder', 'merged-chmod', { type: 'block', dev, ino: 11 }));
    expect(copied(44).verdict).toBe('pass');
    expect(copied(7).explanation).toMatch(/^dev: expected 44, saw 7/);
    const opened = told('overlay-holder', 'merged-read', { type: 'block', dev: 44, ino: 11 });
    expect(judge(opened).explanation).toMatch(/^ino: expected 10, saw 11/);
  });

  test('a port is compared where the route has one of its own', () => {
    const udp = (port: number) =>
      told('network', 'udp-connect', { ...CONNECT, protocol: 'udp', remote_port: port });
    expect(judge(udp(9)).verdict).toBe('pass');
    expect(judge(udp(53)).explanation).toMatch(/^remote_port: expected 9, saw 53/);
  });

  const AT_PORT = { protocol: 'tcp', local_port: NETWORK.bindPort, rule_type: 'port' };
  const AT_NINE = { remote_ip: NETWORK.address, remote_port: 9, rule_type: 'ip' };
  const OF_PEER = { remote_ip: NETWORK.address, rule_type: 'ip' };
  test.each([
    ['socket-holder', 'held-listen', 'listen', 'listen', AT_PORT],
    ['socket-holder', 'held-accept', 'accept', 'accept', AT_PORT],
    ['socket-holder', 'held-receive', 'recvmsg', 'recv', { ...OF_PEER, protocol: 'udp' }],
    ['network', 'peer-accept', 'accept', 'accept', { ...OF_PEER, protocol: 'tcp' }],
    ['network', 'fastopen-send', 'sendmsg', 'send', { ...OF_PEER, protocol: 'tcp' }],
    ['network', 'unspec-send', 'sendmsg', 'send', { ...AT_NINE, protocol: 'udp' }],
    ['network', 'unspec-bind', 'bind', 'bind', { ...AT_PORT, protocol: 'udp' }],
  ] as const)(
    '%s: %s is told as that call, by the port or address of the rule',
    (kind, route, call, direction, on) => {
      const right = { type: `net_${call}_block`, family: 'ipv4', direction, ...on };
      expect(judge(told(kind, route, right)).verdict).toBe('pass');
      for (const field of ['direction', ...Object.keys(on)]) {
        const value = field.endsWith('_port') ? 1 : 'another';
        const { explanation } = judge(told(kind, route, { ...right, [field]: value }));
        expect(explanation).toMatch(new RegExp(`^${field}: expected`));
      }
      expect(judge(told(kind, route, { ...CONNECT })).explanation).toMatch(/^type: expected/);
    },
  );

  test('a file below an overlay is told by its own inode', () => {
    const overlay = (edit: { dev: number; ino: number }) =>
      told('mount-namespace', 'overlay-append', { dev: edit.dev, ino: edit.ino });
    expect(judge(overlay(LOWER)).verdict).toBe('pass');
    expect(judge(overlay({ dev: 7, ino: 8 })).explanation).toMatch(/^ino: expected 9, saw 8/);
  });

  test('a program that the process starts is told as its child, by the name of its caller', () => {
    const exec = (edit: Record<string, unknown>): JudgedLine => {
      const { taken, ...one } = told('root', 'read', { pid: 99, ppid: process.pid, ...edit });
      const parent = taken.actor?.kind === 'process' ? taken.actor.process : undefined;
      if (parent === undefined) throw new Error('nobody acted');
      return { ...one, taken: { ...taken, actor: { kind: 'child', parent, names: parent.names } } };
    };
    const child = { exec_id: undefined, parent_start_time: 0 };
    expect(judge(exec(child)).verdict).toBe('pass');
    expect(judge(exec({ ...child, ppid: 1 })).explanation).toMatch(/^ppid: expected/);
  });

  test.each(BY_DENIED_NAME)(
    'a program that is denied by name (%s) is told by that name, and no file',
    (route) => {
      const start = (edit: Record<string, unknown>): JudgedLine => {
        const { taken, ...one } = told('root', route, {
          ...{ ...NO_FILE, pid: 99, ppid: process.pid, parent_start_time: 0, exec_id: undefined },
          ...edit,
        });
        const parent = taken.actor?.kind === 'process' ? taken.actor.process : undefined;
        if (parent === undefined) throw new Error('nobody acted');
        return {
          ...one,
          taken: { ...taken, actor: { kind: 'child', parent, names: parent.names } },
        };
      };
      expect(judge(start({})).verdict).toBe('pass');
      expect(judge(start({ comm: 'node' })).explanation).toMatch(/^comm: expected "canary1234567"/);
      expect(judge(start({ ino: 8 })).explanation).toMatch(/^ino: expected 0, saw 8/);
    },
  );

  test('no line, and too many of processes that ended, are no evidence', () => {
    expect(judge(told('root', 'read')).verdict).toBe('inconclusive');
    const { taken, ...one } = read({});
    const ended = { ...one, taken: { ...taken, actor: undefined } };
    expect(judge(read({}), ended).verdict).toBe('inconclusive');
    expect(judge(read({}), read({}), read({}), ended).verdict).toBe('pass');
  });

  test.each([
    ['ppid', { ppid: 0 }],
    ['start_time', { start_time: 0 }],
    ['cgid', { cgid: 0 }],
  ])('one route of ten that does not tell its %s is no evidence', (field, edit) => {
    const right = Array.from({ length: 9 }, () => read({}));
    expect(judge(...right, connect(edit))).toMatchObject({
      verdict: 'inconclusive',
      explanation: expect.stringMatching(new RegExp(`100 % are needed: ${field} in 9 of 10$`)),
    });
    expect(judge(...right, connect({ parent_start_time: 0, cgroup_path: '' })).verdict).toBe(
      'pass',
    );
  });

  test('a route with two events is told by its own criterion, and not here', () => {
    expect(judge(read({}), read({ comm: 'sshd' }, { comm: 'sshd' })).verdict).toBe('pass');
  });

  test('a line among late ones, which may be of another route, is not compared', () => {
    expect(judge(connect(), { ...read(CONNECT), isLate: true }).verdict).toBe('pass');
  });
});

describe('what counters tell', () => {
  const cgroup = readProcessFacts(process.pid)?.cgroup?.id;
  const NONE = { file: 0, net: 0 };
  const BY_BIND_PORT = `aegisbpf_net_blocks_by_port_total{port="${NETWORK.bindPort}"}`;
  /** One read and one connect, as an agent counts them that counts right, but for what is edited. */
  function scrape(edit: Readonly<Record<string, number>> = {}): Scrape {
    const counted = {
      aegisbpf_blocks_total: 1,
      aegisbpf_ringbuf_drops_total: 0,
      'aegisbpf_net_blocks_total{type="connect"}': 1,
      aegisbpf_net_ringbuf_drops_total: 0,
      'aegisbpf_blocks_by_inode_total{inode="7:8"}': 1,
      [`aegisbpf_net_blocks_by_ip_total{ip="${NETWORK.address}"}`]: 1,
      'aegisbpf_net_blocks_total{type="listen"}': 0,
      [BY_BIND_PORT]: 0,
      ...(cgroup === undefined
        ? {}
        : { [`aegisbpf_blocks_by_cgroup_total{cgroup_id="${cgroup}"}`]: 2 }),
      ...edit,
    };
    const families = Map.groupBy(Object.entries(counted), ([series]) => series.replace(/\{.*/, ''));
    const text = [...families]
      .map(
        ([family, all]) =>
          `# TYPE ${family} counter\n${all.map((one) => `${one.join(' ')}\n`).join('')}`,
      )
      .join('');
    const parsed = parseMetrics(text);
    if (!parsed.ok) throw new Error(parsed.error);
    return { ok: true, metrics: parsed.value, text, source: 'a scrape' };
  }
  const zero = scrape(
    Object.fromEntries(
      [...scrape().text.matchAll(/^(aegis.*) \d+$/gm)].map(([, series]) => [series ?? '', 0]),
    ),
  );
  /** @param others their lines at the beginning and the end of both scrapes. */
  const judge = (
    after: Scrape,
    others: readonly [Others, Others, Others, Others] = [NONE, NONE, NONE, NONE],
    judged = [read({}), connect()],
    controls: CountedTable['controls'] = [],
  ) => {
    const [begun, ended, begunAgain, endedAgain] = others;
    const counted = {
      before: { scrape: zero, begun, ended },
      after: { scrape: after, begun: begunAgain, ended: endedAgain },
    };
    return judgeCounters({ judged, controls, ...counted }, wanted, 'table.json');
  };
  const files = (file: number): Others => ({ file, net: 0 });

  test('counters that moved as the lines add up are right, by cgroup with connects or without', () => {
    expect(judge(scrape())).toMatchObject({
      verdict: 'pass',
      explanation: expect.stringMatching(/^2 event lines of our processes, 0 drops; \d counters/),
    });
    const byControls = judge(scrape(), undefined, [read({})], [connect().taken]);
    expect(byControls.explanation).toMatch(/^2 event lines of our processes, 0 drops; \d counters/);
    if (cgroup === undefined) return;
    const byCgroup = `aegisbpf_blocks_by_cgroup_total{cgroup_id="${cgroup}"}`;
    expect(judge(scrape({ [byCgroup]: 1 })).verdict).toBe('pass');
    expect(judge(scrape({ [byCgroup]: 3 })).verdict).toBe('fail');
  });

  test('a route without an event moves no counter, not even one to a file that could not be made', () => {
    const judged = [read({}), connect(), told('root', 'twin-read')];
    expect(judge(scrape(), undefined, judged).verdict).toBe('pass');
  });

  test('a connect that is counted as a decision on a file is a lie', () => {
    const wrong = { aegisbpf_blocks_total: 2, 'aegisbpf_net_blocks_total{type="connect"}': 0 };
    expect(judge(scrape(wrong))).toMatchObject({
      verdict: 'fail',
      explanation:
        'aegisbpf_blocks_total grew by 2, and the event lines of file routes are 1: they do not agree',
    });
  });

  test('a listen is counted by its type and its port, and as no connect', () => {
    const event = { ...CONNECT, type: 'net_listen_block', direction: 'listen' };
    const judged = [read({}), connect(), told('socket-holder', 'held-listen', event)];
    const listen = 'aegisbpf_net_blocks_total{type="listen"}';
    const byCgroup = `aegisbpf_blocks_by_cgroup_total{cgroup_id="${cgroup}"}`;
    const right = { [listen]: 1, [BY_BIND_PORT]: 1, [byCgroup]: 3 };
    expect(judge(scrape(right), undefined, judged).verdict).toBe('pass');
    expect(judge(scrape({ ...right, [BY_BIND_PORT]: 2 }), undefined, judged).explanation).toBe(
      `${BY_BIND_PORT} grew by 2, and the event lines of our routes to it are 1: they do not agree`,
    );
    const asConnect = { ...right, [listen]: 0, 'aegisbpf_net_blocks_total{type="connect"}': 2 };
    expect(judge(scrape(asConnect), undefined, judged)).toMatchObject({
      verdict: 'fail',
      explanation: expect.stringMatching(
        /\{type="connect"\} grew by 2, and .* to it are 1: they do/,
      ),
    });
  });

  test('a line of a route that is not promised is counted, and not where the route leads to', () => {
    const onItsWay = told('socket-holder', 'held-accept', CONNECT);
    const judged = [read({}), connect(), { ...onItsWay, verdict: 'not run' as const }];
    const twice = {
      'aegisbpf_net_blocks_total{type="connect"}': 2,
      [`aegisbpf_net_blocks_by_ip_total{ip="${NETWORK.address}"}`]: 2,
      [`aegisbpf_blocks_by_cgroup_total{cgroup_id="${cgroup}"}`]: 3,
    };
    expect(judge(scrape(twice), undefined, judged).verdict).toBe('pass');
    expect(judge(scrape(), undefined, judged).verdict).toBe('fail');
  });

  test('a program that is denied by name is counted in the total, and by no cgroup', () => {
    const judged = [read({}), connect(), told('root', 'exec-by-name', NO_FILE)];
    expect(judge(scrape({ aegisbpf_blocks_total: 2 }), undefined, judged).verdict).toBe('pass');
    expect(judge(scrape(), undefined, judged).verdict).toBe('fail');
    const byControls = judge(scrape(), undefined, [read({})], [connect().taken]);
    expect(byControls.explanation).toMatch(/^2 event lines of our processes, 0 drops; \d counters/);
    if (cgroup === undefined) return;
    const byCgroup = `aegisbpf_blocks_by_cgroup_total{cgroup_id="${cgroup}"}`;
    const more = { aegisbpf_blocks_total: 2, [byCgroup]: 3 };
    expect(judge(scrape(more), undefined, judged).verdict).toBe('fail');
  });

  test.each([
    'aegisbpf_blocks_by_inode_total{inode="7:8"}',
    `aegisbpf_net_blocks_by_ip_total{ip="${NETWORK.address}"}`,
  ])('a wrong series is a lie: %s', (series) => {
    expect(judge(scrape({ [series]: 2 })).explanation).toBe(
      `${series} grew by 2, and the event lines of our routes to it are 1: they do not agree`,
    );
    expect(judge(scrape({ [series]: 0 })).verdict).toBe('fail');
  });

  test('decisions of others may be counted in any series, and are counted in the totals', () => {
    const both = {
      aegisbpf_blocks_total: 2,
      'aegisbpf_blocks_by_inode_total{inode="7:8"}': 2,
    };
    expect(judge(scrape(both), [NONE, NONE, files(1), files(1)]).verdict).toBe('pass');
    const one = judge(scrape(), [NONE, NONE, files(9), files(9)]);
    expect(one).toMatchObject({
      verdict: 'inconclusive',
      explanation: expect.stringMatching(/lines of file routes and of others are 8 to 12: they do/),
    });
  });

  test.each([
    ['before the first scrape read them', 1, [NONE, files(1), files(1), files(1)]],
    ['after the first scrape read them', 2, [NONE, files(1), files(1), files(1)]],
    ['before the last scrape read them', 2, [NONE, NONE, NONE, files(1)]],
    ['after the last scrape read them', 1, [NONE, NONE, NONE, files(1)]],
  ] as const)(
    'a decision of another that counters have from %s is in order',
    (_, total, others) => {
      expect(judge(scrape({ aegisbpf_blocks_total: total }), others).verdict).toBe('pass');
    },
  );

  test('counters that lines in other places would explain show nothing, and others are a lie', () => {
    const swapped = [
      { ...read(), isLate: true },
      { ...told('network', 'tcp-connect', CONNECT, {}), isLate: true },
    ];
    expect(judge(scrape(), undefined, swapped)).toMatchObject({
      verdict: 'inconclusive',
      explanation: expect.stringMatching(/do not agree, beside 2 lines that came late$/),
    });
    expect(judge(scrape({ aegisbpf_blocks_total: 4 }), undefined, swapped).verdict).toBe('fail');
  });

  test('counters that lack decisions of ours are a lie beside others, too', () => {
    const later = [NONE, NONE, files(1), files(1)] as const;
    expect(judge(scrape({ aegisbpf_blocks_total: 0 }), later).verdict).toBe('fail');
    expect(judge(scrape({ 'aegisbpf_blocks_by_inode_total{inode="7:8"}': 0 }), later).verdict).toBe(
      'fail',
    );
  });

  test('without any line, with a drop or without a scrape nothing agrees', () => {
    expect(judge(zero, undefined, [told('root', 'read')]).verdict).toBe('inconclusive');
    expect(judge(scrape({ aegisbpf_ringbuf_drops_total: 1 })).verdict).toBe('fail');
    const failed: Scrape = { ok: false, reason: 'refused', text: '', source: 'x' };
    expect(judge(failed).verdict).toBe('inconclusive');
  });
});
