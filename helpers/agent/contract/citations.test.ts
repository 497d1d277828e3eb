import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PROJECT = join(import.meta.dirname, '../../..');
const CONTRACT = readFileSync(join(PROJECT, 'docs/agent-contract.md'), 'utf8');

/** Sections that the contract has: headings, and numbered points of a section. */
const sections = new Set(
  [...CONTRACT.matchAll(/^(?:#+ |- \*\*)§(\d+(?:\.\d+)?)/gm)].map(([, number]) => number),
);

const texts = ['canary', 'docs', 'fixtures', 'helpers', 'reports'].flatMap((folder) =>
  readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|md)$/.test(name))
    .map((name) => ({
      path: join(folder, name),
      text: readFileSync(join(PROJECT, folder, name), 'utf8'),
    })),
);

/** Tests also name files that they make up. */
const sources = texts.filter(({ path }) => !path.endsWith('.test.ts'));

test('every section that code, messages and docs cite stands in the contract', () => {
  const cited = texts.flatMap(({ path, text }) =>
    [...text.matchAll(/§(\d+(?:\.\d+)?)/g)].map(([, number = '']) => ({ path, number })),
  );
  expect(cited.length).toBeGreaterThan(50);
  expect(cited.filter(({ number }) => !sections.has(number))).toEqual([]);
});

test('the contract is cited by a name that a reader can open from the top of the repository', () => {
  const bare = sources
    .filter(({ path, text }) => path.endsWith('.ts') && /(?<!docs\/)agent-contract\.md/.test(text))
    .map(({ path }) => path);
  expect(bare).toEqual([]);
});

test('every file of the repository that code, messages and docs name is there', () => {
  const named = sources.flatMap(({ path, text }) =>
    [
      ...text.matchAll(
        /(?<![\w./-])(?:docs|helpers|reports|fixtures|canary)\/[\w./-]+\.(?:md|ts|cjs)\b/g,
      ),
    ].map(([file]) => ({ path, file })),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ file }) => !existsSync(join(PROJECT, file)))).toEqual([]);
});
