import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dirSync } from 'tmp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AttemptKind } from './attempt-counts.ts';
import { attemptsOf } from './attempts.ts';
import { LatencyHistogram } from './open-latency.ts';

let folder: ReturnType<typeof dirSync>;
let target: string;
beforeEach(() => {
  folder = dirSync({ unsafeCleanup: true });
  target = join(folder.name, 'target');
});
afterEach(() => folder.removeCallback());

/** Makes two attempts. */
function twice(kind: AttemptKind) {
  const counts = { attempts: 0, allowed: 0, eperm: 0, otherErrno: {}, signals: 0 };
  const attempt = attemptsOf(kind, { target }, { counts, latency: new LatencyHistogram() });
  attempt();
  attempt();
  return counts;
}

test.each<AttemptKind>(['hardlink', 'symlink', 'rename'])(
  'a %s is made, opened and counted, and only the renamed name stays',
  (kind) => {
    writeFileSync(target, 'x');
    expect(twice(kind)).toMatchObject({ attempts: 2, allowed: 2, otherErrno: {} });
    expect(readdirSync(folder.name).length).toBe(kind === 'rename' ? 2 : 1);
  },
);

// The kernel refuses a hard link to a folder with EPERM, as an agent may refuse one to a denied file.
test.each<[AttemptKind, string]>([
  ['hardlink', 'EPERM from link'],
  ['rename', 'EPERM from link'],
])('a %s whose new name is refused is an outcome of its own', (kind, outcome) => {
  mkdirSync(target);
  expect(twice(kind)).toEqual({
    ...{ attempts: 2, allowed: 0, eperm: 0, signals: 0 },
    otherErrno: { [outcome]: 2 },
  });
});

test('a symlink that is refused is an outcome of its own, and a name of others stays', () => {
  writeFileSync(target, 'x');
  writeFileSync(`${target}.symlink`, 'another’s');
  expect(twice('symlink')).toMatchObject({
    allowed: 0,
    otherErrno: { 'EEXIST from symlink': 2 },
  });
  expect(existsSync(`${target}.symlink`)).toBe(true);
});

test('a rename that is refused is an outcome of its own', () => {
  writeFileSync(target, 'x');
  mkdirSync(`${target}.renamed-b`);
  expect(twice('rename')).toMatchObject({
    attempts: 2,
    allowed: 0,
    otherErrno: { 'EISDIR from rename': 2 },
  });
});
