import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownEventLine } from '../../../fixtures/examples/own-event-line.ts';
import { readProcessFacts } from '../../host/process-facts.ts';
import { EventLog } from './event-log.ts';

const FILE = { dev: 7, ino: 8 };
let folder: ReturnType<typeof dirSync>;
let log: EventLog;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  log = new EventLog(join(folder.name, 'events.ndjson'));
});
afterEach(async () => {
  await log.end();
  folder.removeCallback();
});

const line = (edit?: Record<string, unknown>) => ownEventLine(FILE, edit);
/** When this process started, in clock ticks after boot. */
const startTicks = () => readProcessFacts(process.pid)?.startTicks ?? 0;
const push = (text: string) => log.push(Buffer.from(text));
const examined = () => {
  const own = log.watch(FILE);
  own.owners.add(process.pid);
  own.expect({ paths: ['/tmp/file', '/private/file'] });
  return own.examination;
};

test('a line that tells the truth is right in every field that it tells', () => {
  const examination = examined();
  push(line().repeat(5));
  expect(examination.wrong).toEqual([]);
  expect([examination.examined, examination.unknown]).toEqual([5, 0]);
  expect(examination.fields).toEqual(
    expect.arrayContaining(
      ['pid', 'dev', 'ino', 'comm', 'ppid', 'start_time', 'exec_id'].map((field) => ({
        ...{ field, told: 5, untold: 0 },
      })),
    ),
  );
});

test.each([
  ['comm', { comm: 'sshd' }],
  ['ppid', { ppid: 2 ** 22 - 1 }],
  ['start_time', { start_time: 1_000_000_000, exec_id: undefined }],
  ['exec_id', { exec_id: '1-1' }],
  ['trace_id', { trace_id: 'x' }],
  ['parent_exec_id', { parent_exec_id: '1-1' }],
  ['parent_trace_id', { parent_trace_id: '9-9' }],
  ['path', { path: '/etc/shadow' }],
  ['resolved_path', { resolved_path: '/etc/shadow' }],
  ['suppressed_during_prior_window', { suppressed_during_prior_window: 400 }],
  ['parent_start_time', { parent_start_time: 1 }],
  ['cgid', { cgid: 999_999 }],
  ['cgroup_path', { cgroup_path: '/sys/fs/cgroup/other.slice' }],
  ['uid', { uid: 1234 }],
])('a wrong %s is told with what was expected, in how many lines, and a line', (field, edit) => {
  const examination = examined();
  push(line() + line(edit).repeat(3));
  expect(examination.examined).toBe(4);
  expect(examination.wrong).toHaveLength(1);
  expect(examination.wrong[0]).toMatchObject({ field, lines: 3 });
  expect(examination.wrong[0]?.sample).toContain('"type":"block"');
});

test('ids, paths and a count of left-out lines are right where they are ours, and need not be told', () => {
  const examination = examined();
  const { start_time, parent_start_time } = JSON.parse(line());
  push(
    line({
      ...{ trace_id: `${start_time}-${process.pid}`, path: '/tmp/file' },
      parent_exec_id: `${parent_start_time}-${process.ppid}`,
      parent_trace_id: `${parent_start_time}-${process.ppid}`,
      ...{ resolved_path: '/private/file', suppressed_during_prior_window: 0 },
    }) + line({ path: '', resolved_path: '' }),
  );
  expect([examination.wrong, examination.examined]).toEqual([[], 2]);
});

test('a file that is opened by other names too may have any path', () => {
  const examination = examined();
  examination.expect({});
  push(line({ path: '/tmp/link' }));
  expect(examination.wrong).toEqual([]);
});

test('what the agent does not know is untold, and no lie', () => {
  const examination = examined();
  const unknown = { ppid: 0, start_time: 0, exec_id: undefined, cgid: 0, cgroup_path: '' };
  push(line({ ...unknown, parent_start_time: 0 }));
  expect(examination.wrong).toEqual([]);
  push(line());
  const counted = examination.fields.filter(({ untold }) => untold > 0);
  expect(counted.map(({ field }) => field).sort()).toEqual(
    ['cgid', 'cgroup_path', 'exec_id', 'parent_start_time', 'ppid', 'start_time'].sort(),
  );
  expect(counted.every(({ told, untold }) => told === 1 && untold === 1)).toBe(true);
});

test('a start time in clock ticks is right, as for a process older than the agent', () => {
  const examination = examined();
  push(line({ start_time: startTicks(), exec_id: undefined }));
  expect(examination.wrong).toEqual([]);
});

test("a program that ours started is called by its own name, or by its caller's", () => {
  const examination = examined();
  const child = { pid: 2 ** 22 - 2, ppid: process.pid, exec_id: undefined };
  const ours = { parent_start_time: startTicks() * 10_000_000 };
  push(line({ ...child, ...ours }));
  examination.expect({ childNames: ['cat'] });
  push(line({ ...child, ...ours, comm: 'cat' }));
  expect(examination.wrong).toEqual([]);
  push(line({ ...child, ...ours, comm: 'dog' }));
  expect(examination.wrong).toMatchObject([{ field: 'comm', expected: '"cat"', told: '"dog"' }]);
});

test('a process that bears names in turn tells by each of them what belongs to it', () => {
  const examination = examined();
  const byName = new Map([
    ['write', {}],
    ['user', { uid: 65_534, values: { type: 'block' } }],
  ]);
  examination.expect({ byName });
  push(line({ comm: 'write', uid: process.getuid?.() }) + line({ comm: 'user', uid: 65_534 }));
  expect([examination.wrong, examination.examined]).toEqual([[], 2]);
  push(line({ comm: 'user', uid: process.getuid?.() }) + line({ comm: 'node' }));
  expect(examination.wrong).toMatchObject([
    { field: 'uid', expected: '65534' },
    { field: 'comm', expected: '"write" or "user"', told: '"node"' },
  ]);
});

test('another pid, of no worker, is a wrong pid', () => {
  const own = log.watch(FILE);
  own.owners.add(process.ppid);
  push(line({ pid: 2 ** 22 - 2, ppid: process.pid, parent_start_time: 0, exec_id: undefined }));
  expect(own.examination.wrong).toMatchObject([
    { field: 'pid', expected: String(process.ppid), told: String(2 ** 22 - 2), lines: 1 },
  ]);
});

test('a decision that we did not cause is for review, also on a file of ours', () => {
  const examination = examined();
  const stranger = { pid: 2 ** 22 - 2, ppid: 2 ** 22 - 3, exec_id: undefined };
  push(line() + line({ ...stranger, action: 'TERM', comm: 'backup' }).repeat(3));
  expect(examination.examined).toBe(1);
  expect(log.hostDecisions()).toMatchObject([
    { target: '7:8', comm: 'backup', action: 'TERM', count: 3 },
  ]);
});

test('a pid of ours that another process uses now is a stranger', async () => {
  const own = log.watch(FILE);
  const { execa } = await import('execa');
  const child = execa('sleep', ['60']);
  const pid = child.pid ?? 0;
  own.owners.add(pid);
  const started = (readProcessFacts(pid)?.startTicks ?? 0) * 10_000_000;
  push(line({ pid, ppid: 1, start_time: started, exec_id: undefined }));
  child.kill('SIGKILL');
  await child.catch(() => {});
  push(line({ pid, ppid: 1, start_time: started + 60_000_000_000, exec_id: undefined }));
  expect(log.hostDecisions()).toMatchObject([{ target: '7:8', count: 1 }]);
});

test("lines of ours on another file of ours are as wrong as on a stranger's", () => {
  examined();
  const other = log.watch({ dev: 7, ino: 5 });
  other.owners.add(process.ppid);
  push(line({ pid: 2 ** 22 - 2, ppid: process.ppid, exec_id: undefined }).repeat(3));
  expect(log.misnamedBy(other.owners)).toMatchObject([{ told: 'dev:ino 7:8', lines: 3 }]);
});

test('lines of ours that name another file are counted by what they name', () => {
  examined();
  push(line({ dev: 9 }).repeat(3) + line({ ino: 5 }));
  expect(log.toldOfOurs).toBe(false);
  expect(log.misnamedBy([process.pid])).toMatchObject([
    { told: 'dev:ino 9:8', lines: 3 },
    { told: 'dev:ino 7:5', lines: 1 },
  ]);
});
