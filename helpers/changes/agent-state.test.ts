import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  agentPaths,
  agentStateDifferences,
  restoreAgentState,
  snapshotAgentState,
} from './agent-state.ts';

let folder: ReturnType<typeof dirSync>;
let root: string;
let data: string;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  root = folder.name;
  data = agentPaths(root).dataDirectory;
  for (const name of ['var/lib', 'sys/fs/bpf', 'sys/fs/cgroup'])
    mkdirSync(join(root, name), { recursive: true });
});
afterEach(() => folder.removeCallback());

const write = (name: string, content: string | Buffer) => writeFileSync(join(data, name), content);
const read = (name: string) => readFileSync(join(data, name));

test('files are put back byte for byte, with their mode', () => {
  mkdirSync(data);
  const bytes = Buffer.from([0, 255, 10, 13, 195, 40]);
  write('policy.applied', bytes);
  chmodSync(join(data, 'policy.applied'), 0o600);
  const state = snapshotAgentState(root);
  write('policy.applied', 'other');
  expect(agentStateDifferences(state)).toEqual([
    `${join(data, 'policy.applied')} differs from before the run (content)`,
  ]);
  expect(restoreAgentState(state)).toEqual([]);
  expect(read('policy.applied')).toEqual(bytes);
  expect(statSync(join(data, 'policy.applied')).mode & 0o777).toBe(0o600);
  expect(agentStateDifferences(state)).toEqual([]);
  expect(readdirSync(data)).toEqual(['policy.applied']);
});

test('a file that the agent removed comes back, one that was absent goes', () => {
  mkdirSync(data);
  write('capabilities.json', '{}');
  const state = snapshotAgentState(root);
  rmSync(join(data, 'capabilities.json'));
  write('policy.applied.sha256', 'x');
  expect(restoreAgentState(state)).toEqual([]);
  expect(readdirSync(data)).toEqual(['capabilities.json']);
});

test('a data directory that was absent is removed with all that is in it', () => {
  const state = snapshotAgentState(root);
  mkdirSync(data);
  write('anything', 'x');
  expect(restoreAgentState(state)).toEqual([]);
  expect(existsSync(data)).toBe(false);
});

test('rules that somebody else added to deny.db are left alone and named', () => {
  mkdirSync(data);
  write('deny.db', '1:2\n');
  const state = snapshotAgentState(root);
  write('deny.db', '1:2\n3:4\n');
  expect(restoreAgentState(state)).toEqual([
    expect.stringContaining('holds other rules than before'),
  ]);
  expect(read('deny.db').toString()).toBe('1:2\n3:4\n');
});

test('a deny.db that is only in another order is put back as it was', () => {
  mkdirSync(data);
  write('deny.db', 'b\na\n');
  const state = snapshotAgentState(root);
  write('deny.db', 'a\nb\n');
  expect(restoreAgentState(state)).toEqual([]);
  expect(read('deny.db').toString()).toBe('b\na\n');
});

test('an empty deny.db that was absent before is removed', () => {
  mkdirSync(data);
  const state = snapshotAgentState(root);
  write('deny.db', '');
  expect(restoreAgentState(state)).toEqual([]);
  expect(readdirSync(data)).toEqual([]);
});

test('pins and the cgroup of the run are removed whole', () => {
  const { pinDirectory, cgroup } = agentPaths(root);
  const state = snapshotAgentState(root);
  mkdirSync(pinDirectory);
  mkdirSync(cgroup);
  for (const name of ['map', 'link']) writeFileSync(join(pinDirectory, name), '');
  expect(restoreAgentState(state)).toEqual([]);
  expect([existsSync(pinDirectory), existsSync(cgroup)]).toEqual([false, false]);
});

test('pins and a cgroup that were there before stay, and a pin that is new or another is named', () => {
  const { pinDirectory, cgroup } = agentPaths(root);
  mkdirSync(pinDirectory);
  mkdirSync(cgroup);
  for (const name of ['kept', 'made again']) writeFileSync(join(pinDirectory, name), '');
  const state = snapshotAgentState(root);
  writeFileSync(join(pinDirectory, 'map'), '');
  // The same name and another map: removed once the new one has an inode of its own.
  writeFileSync(join(pinDirectory, 'next'), '');
  renameSync(join(pinDirectory, 'next'), join(pinDirectory, 'made again'));
  expect(restoreAgentState(state)).toEqual([]);
  expect([readdirSync(pinDirectory), existsSync(cgroup)]).toEqual([
    ['kept', 'made again', 'map'],
    true,
  ]);
  expect(agentStateDifferences(state)).toEqual([
    `${join(pinDirectory, 'made again')} differs from before the run (content)`,
    `${join(pinDirectory, 'map')} was not there before the run`,
  ]);
});

test('a folder that was there is compared entry by entry, whatever the names', () => {
  mkdirSync(data);
  mkdirSync(join(data, 'theirs'));
  for (const name of ['gone', 'other', 'theirs/mode', 'same']) write(name, name);
  symlinkSync('one', join(data, 'link'));
  const state = snapshotAgentState(root);
  rmSync(join(data, 'gone'));
  rmSync(join(data, 'link'));
  write('other', 'changed');
  write('new', '');
  write('.aegis_tmp_a1B2c3', 'cut off in the midst of a write');
  chmodSync(join(data, 'theirs/mode'), 0o600);
  symlinkSync('two', join(data, 'link'));
  expect(restoreAgentState(state)).toEqual([]);
  expect(agentStateDifferences(state)).toEqual([
    `${join(data, 'gone')} is gone`,
    `${join(data, 'link')} differs from before the run (content)`,
    `${join(data, 'new')} was not there before the run`,
    `${join(data, 'other')} differs from before the run (content)`,
    expect.stringMatching(/theirs\/mode differs from before the run \(mode 6[04][04] → 600\)$/),
  ]);
});

test('what the agent cut off in the midst of a write stays when it was there before', () => {
  mkdirSync(data);
  write('.aegis_tmp_a1B2c3', 'of an earlier day');
  const state = snapshotAgentState(root);
  expect([restoreAgentState(state), agentStateDifferences(state)]).toEqual([[], []]);
  expect(readdirSync(data)).toEqual(['.aegis_tmp_a1B2c3']);
});

test('a file that was replaced by a link is named and not followed', () => {
  mkdirSync(data);
  write('policy.applied', 'ours');
  const state = snapshotAgentState(root);
  rmSync(join(data, 'policy.applied'));
  writeFileSync(join(root, 'victim'), 'untouched');
  symlinkSync(join(root, 'victim'), join(data, 'policy.applied'));
  expect(restoreAgentState(state)).toEqual([expect.stringContaining('not a regular file')]);
  expect(readFileSync(join(root, 'victim'), 'utf8')).toBe('untouched');
});

test('restoring twice changes nothing more', () => {
  mkdirSync(data);
  write('policy.applied', 'ours');
  const state = snapshotAgentState(root);
  write('policy.applied', 'other');
  expect([restoreAgentState(state), restoreAgentState(state)]).toEqual([[], []]);
  expect(agentStateDifferences(state)).toEqual([]);
});

test('the last emergency change comes back; an audit log that was there keeps what was added', () => {
  mkdirSync(data);
  write('control_state.json', 'theirs');
  write('control_log.jsonl', 'theirs\n');
  const state = snapshotAgentState(root);
  write('control_state.json', 'ours');
  write('control_log.jsonl', 'theirs\nours\n');
  write('control.lock', '');
  expect(restoreAgentState(state)).toEqual([]);
  expect(read('control_state.json').toString()).toBe('theirs');
  expect(read('control_log.jsonl').toString()).toBe('theirs\nours\n');
  expect(existsSync(join(data, 'control.lock'))).toBe(false);
});
