import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RuleList } from '../../changes/rules.ts';
import { unrestorable } from './restorable.ts';

let folder: ReturnType<typeof dirSync>;
let file: string;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  file = join(folder.name, 'file');
  writeFileSync(file, '');
});
afterEach(() => folder.removeCallback());

const rules = (more: Partial<RuleList>): RuleList => ({
  files: [],
  network: [],
  allowedCgroups: [],
  agentIsAllowed: false,
  cgroupRules: [],
  ...more,
});
const lost = (more: Partial<RuleList>) => unrestorable(rules(more), folder.name);
const ino = () => statSync(file).ino;

test('a file rule whose path leads to its file can be restored', () => {
  expect(lost({ files: [{ ino: ino(), path: file }] })).toEqual([]);
});

test.each([
  ['it has no path', () => ({ ino: ino() })],
  ['its path leads to another file by now', () => ({ ino: ino() + 1, path: file })],
  ['its path leads to another file by now', () => ({ ino: ino(), dev: 1, path: file })],
  ['its path leads nowhere', () => ({ ino: ino(), path: join(folder.name, 'gone') })],
  ['its path fits no policy', () => ({ ino: ino(), path: `/${'x'.repeat(300)}` })],
])('a file rule is named with the reason: %s', (why, rule) => {
  expect(lost({ files: [rule()] })).toEqual([expect.stringContaining(why)]);
});

test('rules that are in no file are named, each', () => {
  const reasons = lost({ network: ['ip: 192.0.2.1'], cgroupRules: ['1 2'], allowedCgroups: ['7'] });
  expect(reasons).toEqual([
    expect.stringContaining('192.0.2.1'),
    expect.stringContaining('1 2'),
    expect.stringContaining('allowed cgroup 7'),
  ]);
});

test('sections of the recorded policy that no list shows are named', () => {
  const data = join(folder.name, 'var/lib/aegisbpf');
  mkdirSync(data, { recursive: true });
  const record = (text: string) => writeFileSync(join(data, 'policy.applied'), text);
  record('version=4\n[deny_path]\n/a\n[ protect_path ]\n/b\n');
  expect(lost({})).toEqual([expect.stringContaining('[protect_path]')]);
  record('version=1\n[deny_path]\n/a\n');
  expect(lost({})).toEqual([]);
});
