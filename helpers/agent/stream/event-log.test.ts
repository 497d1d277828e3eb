import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sample } from '../../../fixtures/examples/property-tools.ts';
import { EventLog } from './event-log.ts';

let folder: ReturnType<typeof dirSync>;
let path: string;
let log: EventLog;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  path = join(folder.name, 'events.ndjson');
  log = new EventLog(path);
});
afterEach(async () => {
  await log.end();
  folder.removeCallback();
});

const lineOf = (type: string) =>
  sample('enforce.log')
    .split('\n')
    .find((line) => line.startsWith(`{"type":"${type}"`)) ?? '';
const blockFields = JSON.parse(lineOf('block'));
const block = (edit: Record<string, unknown> = {}) =>
  `${JSON.stringify({ ...blockFields, ...edit })}\n`;
const push = (text: string) => log.push(Buffer.from(text));
const stored = async () => {
  await log.end();
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
};

test("decisions on our file are counted apart from the host's", async () => {
  const own = log.watch({ dev: 7, ino: 8 });
  own.owners.add(1);
  push(block({ dev: 7, ino: 8, pid: 1 }) + block({ dev: 7, ino: 8, pid: 2, action: 'AUDIT' }));
  push(block({ dev: 7, ino: 9 }) + block({ dev: 8, ino: 8 }));
  expect([own.lines, own.first.length, log.lines]).toEqual([2, 2, 4]);
  expect(own.ownLines).toBe(1);
  expect([...own.byAction]).toEqual([
    [blockFields.action, 1],
    ['AUDIT', 1],
  ]);
  expect(log.hostDecisions().map(({ target }) => target)).toEqual(['7:8', '7:9', '8:8']);
  expect(log.watch({ dev: 7, ino: 8 })).toBe(own);
  expect(await stored()).toHaveLength(4);
});

test('a line counts once however the stream is cut', () => {
  const own = log.watch({ dev: 7, ino: 8 });
  for (const byte of Buffer.from(block({ dev: 7, ino: 8 }))) log.push(Buffer.from([byte]));
  expect([own.lines, log.lines]).toEqual([1, 1]);
});

test("a soak's own lines are all counted and stored up to a bound", async () => {
  const own = log.watch({ dev: 7, ino: 8 });
  own.owners.add(blockFields.pid);
  const line = block({ dev: 7, ino: 8 });
  for (let count = 0; count < 10; count += 1) {
    push(line.repeat(10_000));
    await sleep(20);
  }
  push(block({ dev: 7, ino: 9 }));
  const kept = Math.floor((16 * 1024 * 1024) / (line.length - 1));
  expect([own.lines, own.first.length, log.notStored]).toEqual([100_000, 1000, 100_000 - kept]);
  expect(await stored()).toHaveLength(kept + 1);
});

test('a decision is ours by the pid of an owner, or of its child', () => {
  const own = log.watch({ dev: 7, ino: 8 });
  own.owners.add(41);
  const by = (pid: number, ppid: number) => block({ dev: 7, ino: 8, pid, ppid });
  push(by(41, 1) + by(41, 1) + by(99, 41) + by(42, 1));
  expect([own.lines, own.ownLines]).toEqual([4, 3]);
});

test("calls to our port, and binds of it, are counted apart from the host's", () => {
  const own = log.watchPort(80);
  own.owners.add(blockFields.pid);
  const { ino: _ino, dev: _dev, ...actor } = blockFields;
  const connect = (remote_ip: string, remote_port: number) =>
    `${JSON.stringify({ ...actor, type: 'net_connect_block', family: 'ipv4', protocol: 'tcp', direction: 'egress', remote_ip, remote_port, rule_type: 'ip_port' })}\n`;
  push(connect('127.1.2.3', 80) + connect('127.1.2.3', 80) + connect('127.1.2.3', 81));
  expect([own.lines, own.first[0]?.remote_port]).toEqual([2, 80]);
  expect(log.hostDecisions().map(({ target }) => target)).toEqual(['tcp 127.1.2.3:81']);
});

test('state changes are kept and are no decisions', () => {
  push(`${lineOf('state_change')}\n`);
  expect(log.stateChanges).toHaveLength(1);
  expect(log.hostDecisions()).toEqual([]);
});

test('what cannot be read is counted by its kind and stored as it is', async () => {
  push('not json\n{"type":\n{"type":"block"}\n\n');
  push(`${'x'.repeat(2 * 1024 * 1024)}\n`);
  expect(log.defects).toMatchObject({ notJson: 1, invalid: 2, oversized: 1 });
  expect(log.defects.samples).toHaveLength(4);
  expect(await stored()).toEqual(['not json', '{"type":', '{"type":"block"}']);
});

test('a stream that ends within a line leaves a defect, never half an event', async () => {
  const own = log.watch({ dev: 7, ino: 8 });
  push(block({ dev: 7, ino: 8 }) + block({ dev: 7, ino: 8 }).slice(0, -1));
  await log.end();
  expect([own.lines, log.defects.invalid]).toEqual([1, 1]);
});

test('waiting ends with the event that was awaited, or false at its deadline', async () => {
  const own = log.watch({ dev: 7, ino: 8 });
  const seen = log.until(() => own.lines === 1, 10_000);
  push(block({ dev: 7, ino: 8 }));
  expect(await seen).toBe(true);
  expect(await log.until(() => own.lines === 2, 20)).toBe(false);
});

test('waiting ends with the stream, and after its end nothing is waited for', async () => {
  const own = log.watch({ dev: 7, ino: 8 });
  const never = () => own.lines === 1;
  // Longer than a test may take.
  const seen = log.until(never, 2 ** 31 - 1);
  await log.end();
  expect([await seen, await log.until(never, 2 ** 31 - 1)]).toEqual([false, false]);
});
