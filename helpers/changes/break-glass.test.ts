import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setBreakGlass } from './break-glass.ts';
import { Journal } from './journal.ts';
import { undoAll } from './undo.ts';

let folder: ReturnType<typeof dirSync>;
let journal: Journal;
let path: string;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  journal = Journal.make(join(folder.name, 'state/journal.ndjson'));
  journal.begin({
    ...{ runId: 'break-glass', runDirectory: folder.name, candidate: '/bin/true' },
    ...{ candidateSha256: 'ab', environment: {}, startedAt: new Date().toISOString() },
  });
  path = join(folder.name, 'break_glass');
});
afterEach(() => folder.removeCallback());

test('it is set by a file in the journal, and gone once it is ended', () => {
  const end = setBreakGlass(path, 'run', journal);
  expect(existsSync(path)).toBe(true);
  expect(journal.read()?.pending).toMatchObject([{ entry: { kind: 'file', path } }]);
  end();
  expect(readdirSync(folder.name)).toEqual(['state']);
  expect(journal.read()?.pending).toEqual([]);
});

test('a run that ends before it is ended leaves it to the journal', async () => {
  setBreakGlass(path, 'run', journal);
  expect(await undoAll(journal, () => {})).toEqual({
    undone: [`removed ${path}`],
    problems: [],
  });
  expect(existsSync(path)).toBe(false);
});

test('what an operator put in its place stays', async () => {
  const end = setBreakGlass(path, 'run', journal);
  const kept = join(folder.name, 'kept');
  writeFileSync(kept, '');
  renameSync(kept, path);
  const { problems } = await undoAll(journal, () => {});
  expect(problems).toEqual([`${path} is not the file we made; it was not touched`]);
  end();
  expect(existsSync(path)).toBe(true);
});
