import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RUNBOOK, SECTION_TITLES, sectionOf } from './runbook.ts';

const folder = new URL('../../canary/', import.meta.url);
const specs = readdirSync(folder)
  .filter((name) => name.endsWith('.spec.ts'))
  .sort()
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('\n');
const every = Object.values(RUNBOOK).flat();

test('the specs define exactly the criteria of the runbook, each once, in its order', () => {
  const defined = [...specs.matchAll(/\bcriterion\(\s*'([^']+)'/g)].map(([, id]) => id);
  expect(defined).toEqual(every);
});

test('the sections of the specs are those of the runbook, in its order', () => {
  const sections = [...specs.matchAll(/^section\(\s*'([^']+)'/gm)].map(([, name]) => name);
  expect([...new Set(sections)]).toEqual(Object.keys(RUNBOOK));
  expect(Object.keys(SECTION_TITLES)).toEqual(Object.keys(RUNBOOK));
});

test('the id of a criterion begins with its section', () => {
  for (const [section, ids] of Object.entries(RUNBOOK)) {
    for (const id of ids) expect(sectionOf(id)).toBe(section);
  }
  expect(new Set(every).size).toBe(every.length);
});

test('no criterion of the specs is skipped, singled out or put off by hand', () => {
  expect(specs).not.toMatch(/\.(skip|only|todo)\b/);
});
