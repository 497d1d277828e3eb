import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ownEventLine } from '../../fixtures/examples/own-event-line.ts';
import { EventLog } from '../agent/stream/event-log.ts';
import { judgeLines } from './judge-lines.ts';
import type { Answer, NetworkSite } from './site.ts';
import { isKind, KINDS, type Kind, type Route } from './table.ts';
import { type Standing, takeTable } from './take-table.ts';
import { Watermark } from './watermark.ts';

const FILE = { dev: 7, ino: 8 };
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
const HOOKS = {
  ...{ lsm_file_open: true, lsm_inode_permission: true, lsm_bprm_check_security: true },
  ...{ lsm_file_mmap: true, lsm_socket_connect: true, lsm_socket_bind: true },
} as const;
const REFUSED: Answer = { outcome: 'refused', errno: 'EPERM', call: 'open' };

let folder: ReturnType<typeof dirSync>;
let events: EventLog;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  events = new EventLog(join(folder.name, 'agent.stdout.ndjson'));
  vi.useFakeTimers();
});
afterEach(async () => {
  vi.useRealTimers();
  await events.end();
  folder.removeCallback();
});

const PIDS = [process.pid, process.ppid];
const CONTROL_PID = 1;
const NEVER = Number.POSITIVE_INFINITY;

const CONNECT = {
  ...{ type: 'net_connect_block', family: 'ipv4', protocol: 'udp', direction: 'egress' },
  ...{ remote_ip: NETWORK.address, remote_port: 9, rule_type: 'ip' },
};

/** Tells a decision of this process so much later. */
function tell(pid: number | undefined, delay: number, what = {}): void {
  const line = ownEventLine(FILE, { action: 'BLOCK', pid, ...what });
  if (delay < NEVER) setTimeout(() => events.push(Buffer.from(line)), delay);
}

/**
 * The table, taken in the names of processes that are there in place of those kinds, in time that only the test moves.
 * @param delays of the event lines, one a route; the rest come at once.
 * @param delayOf the event line of a control, which is taken by this route.
 */
async function take(
  kinds: readonly Kind[],
  delays: readonly number[],
  delayOf: (route: Route) => number = () => NEVER,
) {
  const waiting = [...delays];
  const pidOf = (kind: Kind) =>
    kinds.includes(kind) ? PIDS[kinds.indexOf(kind) % PIDS.length] : undefined;
  const standing: Standing = new Map(
    Object.keys(KINDS)
      .filter(isKind)
      .map((kind) => [
        kind,
        {
          kind,
          up: () => Promise.resolve(pidOf(kind) ?? 'it is not tried'),
          take: () => {
            tell(pidOf(kind), waiting.shift() ?? 10);
            return Promise.resolve(REFUSED);
          },
          end: () => Promise.resolve(),
          kill: () => {},
        },
      ]),
  );
  const begun = Date.now();
  let controlsTaken = 0;
  const watermark = new Watermark(events, {
    up: () => Promise.resolve(CONTROL_PID),
    take: (route) => {
      controlsTaken += 1;
      tell(CONTROL_PID, delayOf(route), route === 'read' ? {} : CONNECT);
      return Promise.resolve(REFUSED);
    },
    end: () => Promise.resolve(),
  });
  const taken = takeTable((kind) => `no ${kind} is begun here`, standing, watermark);
  let isOver = false;
  let controlsTold = 0;
  void taken.then(() => {
    isOver = true;
    controlsTold = watermark.controls().reduce((sum, one) => sum + one.events.length, 0);
  });
  while (!isOver) await vi.advanceTimersByTimeAsync(1000);
  const judged = judgeLines(await taken, {
    mode: 'enforce',
    ...{ notRun: new Map<string, string>(), hooks: HOOKS },
    promises: { probed: undefined, unknownSections: [], owedSections: [] },
    missingRule: () => undefined,
  });
  return {
    verdicts: judged
      .filter(({ taken: { line } }) => kinds.includes(line.kind) && line.expected === 'denied')
      .map(({ verdict, taken: one }) => `${one.events.length} ${verdict}`),
    texts: judged.map(({ text }) => text),
    controls: { taken: controlsTaken, told: controlsTold },
    seconds: (Date.now() - begun) / 1000,
  };
}

describe('event lines that a busy host holds up', () => {
  test("a line that takes some seconds is its route's", async () => {
    expect((await take(['user'], [8000])).verdicts).toEqual(['1 pass', '1 pass', '1 pass']);
  });

  test("a line that comes at the next route is late, and nobody's fault", async () => {
    const { verdicts, texts } = await take(['user'], [10_700]);
    expect(verdicts).toEqual(['0 inconclusive', '2 inconclusive', '1 pass']);
    expect(texts).toContain(
      'open for appending by an ordinary user: event lines came late, 2 of its process before its next route',
    );
  });

  test('a line of the last route that comes while others take theirs is told', async () => {
    const { verdicts } = await take(['execveat', 'thread'], [14_000, 9000, 9000]);
    expect(verdicts).toEqual(['1 pass', '1 pass', '1 pass']);
  });

  test.each([
    ['fails its route', [NEVER], ['0 fail', '1 pass', '1 pass']],
    ['fails beside one that is late, too', [NEVER, 10_700], ['0 fail', '0 fail', '2 fail']],
  ])('a line that never comes %s', async (_, delays, verdicts) => {
    expect((await take(['user'], delays)).verdicts).toEqual(verdicts);
  });

  test('an agent that tells nothing is not waited for at each route', async () => {
    const kinds = Object.keys(KINDS).filter(isKind);
    const { seconds, verdicts } = await take(kinds, Array<number>(1000).fill(NEVER));
    expect(verdicts.filter((one) => !one.startsWith('0'))).toEqual([]);
    // Four take their routes at a time; three routes alone are waited for as long as any.
    expect(seconds).toBeLessThan((verdicts.length * 10) / 4);
  });
});

describe('controls behind routes whose lines do not come', () => {
  test('once both are told, a route is not waited for', async () => {
    const { verdicts, seconds } = await take(['user'], [NEVER, 10, NEVER], () => 50);
    expect(verdicts).toEqual(['0 fail', '1 pass', '0 fail']);
    expect(seconds).toBeLessThan(5);
  });

  test("a line that is told before they are is its route's", async () => {
    expect((await take(['user'], [2900], () => 3000)).verdicts).toEqual(Array(3).fill('1 pass'));
  });

  test.each(['read', 'udp-connect'] as const)(
    'where %s alone is told, a route is waited for as if there were none',
    async (told) => {
      const { verdicts } = await take(['user'], [8000], (route) => (route === told ? 50 : NEVER));
      expect(verdicts).toEqual(['1 pass', '1 pass', '1 pass']);
    },
  );

  test('one of which nothing is ever told, while the other is, is not waited for at each route', async () => {
    const kinds = Object.keys(KINDS).filter(isKind);
    const { seconds, verdicts } = await take(kinds, Array<number>(1000).fill(NEVER), (route) =>
      route === 'read' ? 50 : NEVER,
    );
    expect(verdicts.filter((one) => !/^0 (fail|not run)$/.test(one))).toEqual([]);
    // Four at a time, 0.3 s each, behind the first and before the last whole wait.
    expect(seconds).toBeLessThan(verdicts.length / 4 + 20);
  });

  test('the counters are not read before those are told that a busy host holds up', async () => {
    const { controls } = await take(['user'], [], () => 6000);
    expect(controls.taken).toBeGreaterThan(0);
    expect(controls.told).toBe(controls.taken);
  });
});
