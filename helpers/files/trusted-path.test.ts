import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replaceable, strangersOwn } from './trusted-path.ts';

const STRANGER = 54_321;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trusted-path-'));
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'inner/file'), '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('nobody else can replace what lies in our own directories, be it there or not', () => {
  expect(replaceable(join(folder, 'inner/file'))).toBeUndefined();
  expect(replaceable(join(folder, 'inner/not-yet'))).toBeUndefined();
});

test('a directory on the way that all may write is named', () => {
  chmodSync(folder, 0o777);
  expect(replaceable(join(folder, 'inner/file'))).toBe(`${folder} is writable by all`);
});

test('the way of a link counts, and the way to what it leads to', () => {
  const open = join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  symlinkSync(join(folder, 'inner/file'), join(open, 'link'));
  expect(replaceable(join(open, 'link'))).toBe(`${open} is writable by all`);
  writeFileSync(join(open, 'file'), '');
  symlinkSync(join(open, 'file'), join(folder, 'link'));
  expect(replaceable(join(folder, 'link'))).toBe(`${open} is writable by all`);
});

describe.runIf(process.geteuid?.() === 0)('as root', () => {
  test('a directory of a stranger is named, whatever its mode', () => {
    chownSync(join(folder, 'inner'), STRANGER, STRANGER);
    const why = `${join(folder, 'inner')} belongs to user ${STRANGER}`;
    expect(replaceable(join(folder, 'inner/file'))).toBe(why);
    expect(replaceable(join(folder, 'inner/not-yet'))).toBe(why);
  });

  test("a file of a stranger in a sticky directory is the stranger's to change", () => {
    const file = join(folder, 'inner/file');
    chownSync(file, STRANGER, STRANGER);
    chmodSync(join(folder, 'inner'), 0o1777);
    expect(replaceable(file)).toBe(`${file} belongs to user ${STRANGER}`);
    expect(strangersOwn(file)).toBe(`${file} belongs to user ${STRANGER}`);
  });
});
