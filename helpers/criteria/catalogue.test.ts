import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CATALOGUE, criteriaIn, entryOf, SECTIONS, sectionOf } from './catalogue.ts';

const folder = new URL('../../canary/', import.meta.url);
const specs = readdirSync(folder)
  .filter((name) => name.endsWith('.spec.ts'))
  .sort()
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('\n');
const every = CATALOGUE.map(({ id }) => id);

test('the specs define exactly the criteria of the runbook, each once, in its order', () => {
  const defined = [...specs.matchAll(/\bcriterion\(\s*'([^']+)'/g)].map(([, id]) => id);
  expect(defined).toEqual(every);
});

test('the sections of the specs are those of the runbook, in its order', () => {
  const sections = [...specs.matchAll(/^section\(\s*'([^']+)'/gm)].map(([, name]) => name);
  expect([...new Set(sections)]).toEqual(Object.keys(SECTIONS));
});

test('the id of a criterion begins with its section', () => {
  for (const { id, section } of CATALOGUE) expect(sectionOf(id)).toBe(section);
  expect(new Set(every).size).toBe(every.length);
});

test('a criterion needs only what the runbook judges before it', () => {
  for (const [index, { id, section, needs = [] }] of CATALOGUE.entries()) {
    const before = new Set<string>(every.slice(0, index));
    for (const need of [...SECTIONS[section].needs, ...needs]) {
      const needed = entryOf(need) === undefined ? criteriaIn(need).map((one) => one.id) : [need];
      expect(needed, `${id} needs ${need}`).not.toEqual([]);
      for (const one of needed) expect(before, `${id} needs ${need}`).toContain(one);
    }
  }
});

test('no two criteria of a section have the same title', () => {
  for (const section of Object.keys(SECTIONS)) {
    const titles = criteriaIn(section).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  }
});

test('no criterion of the specs is skipped, singled out or put off by hand', () => {
  expect(specs).not.toMatch(/\.(skip|only|todo)\b/);
});
