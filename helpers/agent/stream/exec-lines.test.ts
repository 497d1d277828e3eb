import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ProcessFacts, readProcessFacts } from '../../host/process-facts.ts';
import { EventLog } from './event-log.ts';

const FILE = { dev: 7, ino: 8 };
const GONE = 2 ** 22 - 2;
let folder: ReturnType<typeof dirSync>;
let log: EventLog;
let child: ChildProcess;
let worker: ProcessFacts;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  log = new EventLog(join(folder.name, 'events.ndjson'));
  child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const known = readProcessFacts(child.pid ?? 0);
  if (known === undefined) throw new Error('the worker did not start');
  worker = known;
});
afterEach(async () => {
  child.kill('SIGKILL');
  await log.end();
  folder.removeCallback();
});

/** The start of the worker, as an agent tells it that tells the truth. */
function line(edit: Record<string, unknown> = {}): string {
  const start_time = worker.startTicks * 10_000_000 + 1234;
  const truth = {
    ...{ type: 'exec', pid: worker.pid, ppid: process.pid, start_time },
    exec_id: `${start_time}-${worker.pid}`,
    ...{ cgid: worker.cgroup?.id ?? 0, cgroup_path: worker.cgroup?.paths[0] ?? '' },
    ...{ comm: readProcessFacts(process.pid)?.names[0], ancestors: [process.pid] },
  };
  return `${JSON.stringify({ ...truth, ...edit })}\n`;
}
/** The start of a program that the worker started; it has ended, and nothing is known of it. */
const ofProgram = (edit: Record<string, unknown> = {}) =>
  line({
    pid: GONE,
    ppid: worker.pid,
    ancestors: [worker.pid, process.pid],
    start_time: 5,
    exec_id: `5-${GONE}`,
    comm: 'sleep',
    ...edit,
  });
const push = (text: string) => log.push(Buffer.from(text));
function examined() {
  const own = log.watch(FILE);
  own.owners.add(worker.pid);
  own.expect({ childNames: ['cat'], startedNames: ['target'] });
  return own.execLines.examination;
}

test("the start of a worker is right under the caller's name and under the new one", () => {
  const examination = examined();
  push(line() + line({ comm: 'sleep' }));
  expect(examination.wrong).toEqual([]);
  expect([examination.examined, examination.unknown]).toEqual([2, 0]);
  expect(examination.fields.map(({ field }) => field)).toEqual(
    expect.arrayContaining(['pid', 'ppid', 'comm', 'start_time', 'exec_id']),
  );
});

test("a program of a worker is right under the worker's name and under each of its own", () => {
  const examination = examined();
  push(ofProgram() + ofProgram({ comm: 'cat' }) + ofProgram({ comm: 'target' }));
  expect([examination.wrong, examination.examined]).toEqual([[], 3]);
});

test.each([
  ['comm', { comm: 'sshd' }],
  ['ppid', { ppid: GONE }],
  ['start_time', { start_time: 1_000_000_000, exec_id: undefined }],
  ['exec_id', { exec_id: '1-1' }],
  ['trace_id', { trace_id: 'x' }],
  ['ancestors', { ancestors: [process.pid, 1, 1] }],
  ['ancestors', { ancestors: [1] }],
  ['cgid', { cgid: 999_999 }],
  ['cgroup_path', { cgroup_path: '/sys/fs/cgroup/other.slice' }],
  ['uid', { uid: 1234 }],
])('a wrong %s of the start of a worker is told with how many lines have it', (field, edit) => {
  const examination = examined();
  push(line() + line(edit).repeat(2));
  expect(examination.examined).toBe(3);
  expect(examination.wrong).toMatchObject([{ field, lines: 2 }]);
});

test.each([
  ['comm', { comm: 'sshd' }],
  ['exec_id', { exec_id: '1-1' }],
  ['cgid', { cgid: 999_999 }],
  ['uid', { uid: 1234 }],
])("a wrong %s of the start of a worker's program is told", (field, edit) => {
  const examination = examined();
  push(ofProgram(edit));
  expect(examination.wrong).toMatchObject([{ field, lines: 1 }]);
});

test('other children of this process, and strangers, are not compared', () => {
  const examination = examined();
  const stranger = { pid: GONE, start_time: 5, exec_id: undefined, comm: 'stdbuf' };
  push(line(stranger) + line({ ...stranger, ppid: 1 }));
  expect([examination.examined, examination.unknown, examination.wrong]).toEqual([0, 0, []]);
});

test('the starts of processes that have ended are counted and blame nobody', async () => {
  const examination = examined();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  push(line({ comm: 'sshd' }) + ofProgram({ comm: 'sshd' }));
  expect([examination.examined, examination.unknown, examination.wrong]).toEqual([0, 2, []]);
});

const argumentsLine = (edit: Record<string, unknown> = {}) =>
  `${JSON.stringify({ type: 'exec_argv', pid: worker.pid, start_time: 5, argc: 2, argv: ['sleep', '60'], ...edit })}\n`;

test('the arguments of a worker are compared, and those of others are not', () => {
  const examination = examined();
  push(argumentsLine() + argumentsLine({ pid: GONE, argv: ['sshd'] }));
  expect([examination.wrong, examination.examined, examination.unknown]).toEqual([[], 1, 0]);
  expect(examination.fields.map(({ field }) => field)).toEqual(['argc', 'argv']);
  push(argumentsLine({ argv: ['sshd', '60'] }) + argumentsLine({ argc: 3 }));
  expect(examination.wrong).toMatchObject([
    { field: 'argv', lines: 1, told: expect.stringContaining('sshd') },
    { field: 'argc', lines: 1, expected: '2', told: '3' },
  ]);
});

test('arguments are compared as far as the agent tells them', async () => {
  const long = 'ü'.repeat(40);
  const many = spawn('sleep', ['60', '0', '0', '0', '0', '0', '0', '0', '0', '0'], {
    argv0: long,
    stdio: 'ignore',
  });
  using _ = { [Symbol.dispose]: () => many.kill('SIGKILL') };
  const own = log.watch(FILE);
  own.owners.add(many.pid ?? 0);
  const argv = ['ü'.repeat(15), '60', '0', '0', '0', '0', '0', '0'];
  push(argumentsLine({ pid: many.pid, argc: 8, argv }));
  push(
    argumentsLine({ pid: many.pid, argc: 8, argv: [`${'ü'.repeat(15)}\ufffd`, ...argv.slice(1)] }),
  );
  const { examination } = own.execLines;
  expect([examination.wrong, examination.examined]).toEqual([[], 2]);
  push(argumentsLine({ pid: many.pid, argc: 11, argv }));
  expect(examination.wrong).toMatchObject([{ field: 'argc', expected: '8', told: '11' }]);
});

test('a look at a worker while it starts does not decide what its later lines must tell', () => {
  const own = log.watch(FILE);
  examined();
  push(line());
  const block = { ...JSON.parse(line({ comm: 'sleep' })), type: 'block', ...FILE, action: 'AUDIT' };
  push(`${JSON.stringify({ ...block, parent_start_time: 0 })}\n`);
  expect([own.examination.wrong, own.examination.examined]).toEqual([[], 1]);
});
