import { readdirSync, readFileSync } from 'node:fs';
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

test('every section that code, messages and docs cite stands in the contract', () => {
  const cited = texts.flatMap(({ path, text }) =>
    [...text.matchAll(/§(\d+(?:\.\d+)?)/g)].map(([, number = '']) => ({ path, number })),
  );
  expect(cited.length).toBeGreaterThan(50);
  expect(cited.filter(({ number }) => !sections.has(number))).toEqual([]);
});
