import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from './journal.ts';
import { undoAll } from './undo.ts';

let folder: ReturnType<typeof dirSync>;
let path: string;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  path = join(folder.name, 'state.ndjson');
});
afterEach(() => folder.removeCallback());

const header = {
  kind: 'run',
  runId: '2026-run',
  runDirectory: '/tmp/run',
  candidate: '/bin/true',
  candidateSha256: 'ab',
  environment: { A: 'b' },
  startedAt: '2026-11-23T14:00:00Z',
};

function begun(): Journal {
  writeFileSync(path, `${JSON.stringify(header)}\n`, { mode: 0o600 });
  return new Journal(path);
}

const directory = (name: string) =>
  ({ kind: 'directory', path: name, dev: '1', ino: '2' }) as const;

test('without a journal, or without its header, there is no run to undo', () => {
  expect(new Journal(path).read()).toBeUndefined();
  writeFileSync(path, '');
  expect(new Journal(path).read()).toBeUndefined();
});

test('what is pending is read newest first', () => {
  const journal = begun();
  for (const name of ['/a', '/b', '/c']) journal.record(directory(name));
  const state = journal.read();
  expect(state?.run).toEqual(header);
  expect(state?.pending.map(({ entry }) => entry)).toEqual(['/c', '/b', '/a'].map(directory));
});

test('a struck entry is never undone again, and no other is struck with it', () => {
  const journal = begun();
  journal.record(directory('/a'));
  const struck = journal.record(directory('/b'));
  journal.strike(struck);
  journal.strike('unknown');
  expect(new Journal(path).read()?.pending.map(({ entry }) => entry)).toEqual([directory('/a')]);
});

test('a last line torn at any byte hides only itself', () => {
  const journal = begun();
  journal.record(directory('/a'));
  const torn = JSON.stringify({ kind: 'entry', id: 'x', entry: directory('/b') });
  const whole = begunText();
  for (let end = 0; end < torn.length; end += 1) {
    writeFileSync(path, whole + torn.slice(0, end));
    expect(journal.read()?.pending).toHaveLength(1);
  }
});

function begunText(): string {
  const one = { kind: 'entry', id: 'a', entry: directory('/a') };
  return `${JSON.stringify(header)}\n${JSON.stringify(one)}\n`;
}

test('an entry that is no change we know is not undone, and not forgotten either', () => {
  const journal = begun();
  journal.record(directory('/a'));
  expect(journal.unreadable()).toBeUndefined();
  appendFileSync(path, '{"kind":"entry","id":"y","entry":{"kind":"format-disk"}}\n');
  expect(journal.read()?.pending).toHaveLength(1);
  expect(journal.unreadable()).toContain('1 lines that cannot be understood; recover with the ver');
});

test('changes without the header of a run are not taken for no changes', async () => {
  writeFileSync(path, begunText().replace('"kind":"run"', 'kind":"run"'));
  const journal = new Journal(path);
  expect(journal.read()).toBeUndefined();
  expect(journal.unreadable()).toContain('changes of no known run');
  expect(await undoAll(journal, () => {})).toEqual({
    undone: [],
    problems: [expect.stringContaining('changes of no known run')],
  });
});

test('a journal that still has something to undo is never made anew', () => {
  const journal = begun();
  journal.record(directory('/a'));
  expect(() => Journal.make(path)).toThrow('holds changes that are not undone');
  expect(journal.read()?.pending).toHaveLength(1);
});

describe('a journal that a run has made', () => {
  const { kind: _, ...run } = header;
  /** As the guardian holds it, and as another process of the run knows it. */
  function made() {
    // The folder stays to be looked into.
    writeFileSync(join(folder.name, 'other'), '');
    const held = Journal.make(path);
    const known = new Journal(path, held.identity);
    known.begin(run);
    known.record(directory('/a'));
    return { held, known };
  }
  const lost = {
    verdict: 'inconclusive',
    explanation: expect.stringContaining('somebody on this'),
  };

  test.each([
    ['removed', () => rmSync(path), 'was removed while the run went on'],
    [
      'replaced by its own copy',
      () => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
      'was replaced by another file',
    ],
    ['given to others', () => chmodSync(path, 0o666), 'was given to others'],
  ])('is lost when it is %s, and nothing makes another', (_name, lose, says) => {
    const { held, known } = made();
    lose();
    const there = existsSync(path);
    expect(known.lost()).toContain(says);
    for (const use of [() => known.read(), () => known.record(directory('/b'))])
      expect(use).toThrow(expect.objectContaining({ judgement: expect.objectContaining(lost) }));
    expect(existsSync(path)).toBe(there);
    // The one who holds it still knows what is to be undone.
    expect(held.read()?.pending.map(({ entry }) => entry)).toEqual([directory('/a')]);
    held.end();
    expect(existsSync(path)).toBe(there);
  });

  test('is the same for both while it is there, and its end removes it', () => {
    const { held, known } = made();
    expect([known.lost(), known.read()]).toEqual([undefined, held.read()]);
    held.end();
    expect(existsSync(path)).toBe(false);
  });
});

test('what cannot be struck is undone all the same, and so is everything else', async () => {
  const journal = begun();
  const made = ['one', 'two'].map((name) => join(folder.name, name));
  for (const one of made) {
    mkdirSync(one);
    const { dev, ino } = statSync(one, { bigint: true });
    journal.record({ kind: 'directory', path: one, dev: String(dev), ino: String(ino) });
  }
  journal.strike = () => {
    throw new Error('ENOSPC: no space left on device');
  };
  const report = await undoAll(journal, () => {});
  expect(made.map((one) => existsSync(one))).toEqual([false, false]);
  expect(report.undone).toHaveLength(2);
  expect(report.problems).toEqual([
    expect.stringContaining('the journal cannot be written (ENOSPC'),
    expect.stringContaining('the journal cannot be written (ENOSPC'),
  ]);
});

test('the journal stays private to root, and its end removes it but no folder of others', () => {
  const journal = begun();
  writeFileSync(join(folder.name, 'other'), '');
  journal.record(directory('/a'));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  journal.end();
  expect([existsSync(path), existsSync(join(folder.name, 'other'))]).toEqual([false, true]);
  journal.end();
});
