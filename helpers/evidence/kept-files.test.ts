import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeptFiles } from './kept-files.ts';
import { RunDirectory } from './run-directory.ts';

let parent: ReturnType<typeof dirSync>;
let run: RunDirectory;
let kept: Pick<KeptFiles, 'lost'>;
beforeEach(() => {
  parent = dirSync({ unsafeCleanup: true });
  run = RunDirectory.create(join(parent.name, 'run'));
  kept = KeptFiles.hold(run.path);
  run.writeText('rules.json', '{}');
  run.appendLine('samples.ndjson', { at: 1 });
  run.log('begun');
});
afterEach(() => parent.removeCallback());

const lost = (by = kept) =>
  by.lost().map((text) => text.replace(/, evidence of this run,(.*) while.*/, '$1'));

test('files that grow, and documents that are written anew, are not lost', () => {
  run.appendLine('samples.ndjson', { at: 2 });
  run.log('ended');
  run.writeText('rules.json', '{"more":1}');
  expect(lost()).toEqual([]);
});

test('what is gone is told, and what somebody has put in its place', () => {
  rmSync(run.file('rules.json'));
  rmSync(run.file('canary.log'));
  symlinkSync('/etc/hostname', run.file('canary.log'));
  truncateSync(run.file('samples.ndjson'));
  expect(lost()).toEqual([
    'rules.json was removed',
    'samples.ndjson was emptied',
    'canary.log cannot be read any more (ELOOP)',
  ]);
});

test('what the run itself begins anew is told, whoever wrote its first line', () => {
  rmSync(run.file('samples.ndjson'));
  new RunDirectory(run.path).appendLine('samples.ndjson', { at: 2 });
  truncateSync(run.file('canary.log'));
  run.log('again');
  expect(lost()).toEqual([
    'samples.ndjson was replaced by another file',
    'canary.log was replaced by another file',
  ]);
});

test("an edited document is told, but not the review, which is a person's to edit", () => {
  run.writeText('review.yaml', 'groups: []\n');
  writeFileSync(run.file('review.yaml'), '# mine\n');
  writeFileSync(run.file('rules.json'), '[]');
  expect(lost()).toEqual(['rules.json was replaced by another file']);
});

test('a list that somebody removes hides nothing, and is told first', () => {
  rmSync(run.file('files.ndjson'));
  rmSync(run.file('rules.json'));
  run.writeText('later.json', '{}');
  expect(lost()).toEqual(['files.ndjson was removed', 'rules.json was removed']);
});

test.each([
  ['was removed', () => {}],
  ['cannot be read any more (ELOOP)', (path: string) => symlinkSync('/etc/hostname', path)],
  ['was replaced by another file', (path: string) => execFileSync('mkfifo', [path])],
])('a list that %s before anybody held it is told', (what, put) => {
  rmSync(run.file('files.ndjson'));
  put(run.file('files.ndjson'));
  expect(lost(KeptFiles.hold(run.path))).toEqual([`files.ndjson ${what}`]);
});

test.each([
  ['ELOOP', (path: string) => symlinkSync('/dev/full', path)],
  ['ENXIO', (path: string) => execFileSync('mkfifo', [path])],
  ['EISDIR', (path: string) => mkdirSync(path)],
])('a list that cannot be written (%s) is told by what makes the next file', (code, put) => {
  rmSync(run.file('files.ndjson'));
  put(run.file('files.ndjson'));
  expect(() => run.writeText('later.json', '{}')).toThrow(
    `files.ndjson, the list of what this run has made, cannot be written (${code}`,
  );
  expect(run.readText('later.json')).toBe('{}');
});

test('a line that a full disk tore is no other beginning', () => {
  appendFileSync(run.file('torn.ndjson'), '{"at":');
  run.appendLine('torn.ndjson', { at: 2 });
  run.appendLine('torn.ndjson', { at: 3 });
  expect(readFileSync(run.file('torn.ndjson'), 'utf8').split('\n')).toHaveLength(4);
  expect(lost()).toEqual([]);
});
