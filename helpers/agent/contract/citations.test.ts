import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PROJECT = join(import.meta.dirname, '../../..');
const CONTRACT = 'docs/agent-contract.md';
const IGNORED = ['.git', ...readFileSync(join(PROJECT, '.gitignore'), 'utf8').split(/\/?\n/)];

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(PROJECT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !IGNORED.includes(path)) return filesBelow(path);
    return entry.isFile() && !IGNORED.includes(path) ? [path] : [];
  });

/** Every file of the tree; a citation that goes on in the next line of a comment is in one piece, and so is one in a pattern. */
const texts = filesBelow('').map((path) => ({
  path,
  text: readFileSync(join(PROJECT, path), 'utf8')
    .replaceAll(/\n\s*(?:\*|\/\/)?\s*(?=§)/g, ' ')
    .replaceAll(/\\([./])/g, '$1'),
}));

const contract = readFileSync(join(PROJECT, CONTRACT), 'utf8');

/** What a link can lead to: headings, and points of a section that have an anchor with their number. */
const sections = new Set(
  [...contract.matchAll(/^(?:#+ |- <a id="(?<id>[\d.]+)"><\/a>\*\*)§(?<number>[\d.]*\d)(?=[ *])/gm)]
    .filter(({ groups }) => groups?.id === undefined || groups.id === groups.number)
    .map(({ groups }) => groups?.number),
);

const NUMBERS = /§\d+(?:\.\d+)*(?:(?:,| and|, and) §\d+(?:\.\d+)*)*/;
const CITATION = new RegExp(`docs/agent-contract\\.md ${NUMBERS.source}`, 'g');

/** The sections that a text names, each with the file that names it. */
const numbersIn = (path: string, text: string) =>
  [...text.matchAll(/§(\d+(?:\.\d+)*)/g)].map(([, number = '']) => ({ path, number }));

test('every section that is cited anywhere has a heading or an anchor in the contract', () => {
  const cited = texts.flatMap(({ path, text }) => numbersIn(path, text));
  expect(cited.length).toBeGreaterThan(150);
  expect(cited.filter(({ number }) => !sections.has(number))).toEqual([]);
});

test('every section that is cited outside of the contract is cited with the name of the contract', () => {
  const bare = texts
    .filter(({ path }) => path !== CONTRACT)
    .flatMap(({ path, text }) => numbersIn(path, text.replaceAll(CITATION, '')));
  expect(bare).toEqual([]);
});

test('the contract is cited by a name that a reader can open from the top of the repository', () => {
  const bare = texts
    .filter(
      ({ path, text }) => !path.startsWith('docs/') && /(?<!docs\/)agent-contract[.]md/.test(text),
    )
    .map(({ path }) => path);
  expect(bare).toEqual([]);
});

test('every file of the repository that code, messages and docs name is there', () => {
  // Tests also name files that they make up.
  const named = texts
    .filter(({ path }) => !path.endsWith('.test.ts'))
    .flatMap(({ path, text }) =>
      [
        ...text.matchAll(
          /(?<![\w./-])(?:\.vitest|docs|helpers|reports|fixtures|canary)\/[\w./-]+\.(?:md|ts|cjs|json)\b/g,
        ),
      ].map(([file]) => ({ path, file })),
    );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ file }) => !existsSync(join(PROJECT, file)))).toEqual([]);
});
