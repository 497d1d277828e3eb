import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readSettings } from '../settings/settings.ts';
import {
  CATALOGUE,
  type CriterionId,
  criteriaIn,
  entryOf,
  SECTIONS,
  sectionOf,
} from './catalogue.ts';

const PROJECT = join(import.meta.dirname, '../..');
const specs = readdirSync(join(PROJECT, 'canary')).map((name) =>
  readFileSync(join(PROJECT, 'canary', name), 'utf8'),
);
const every = CATALOGUE.map(({ id }) => id);

test('the specs declare exactly the criteria of the runbook, each once, in its order', () => {
  const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
  const listed = execFileSync(process.execPath, [vitest, 'list', 'canary', '--json'], {
    cwd: PROJECT,
    encoding: 'utf8',
  });
  const tests = z.array(z.object({ name: z.string(), file: z.string() })).parse(JSON.parse(listed));
  // As the run does (helpers/run/runbook-plugin.ts): by the number in the file's name.
  const inOrder = tests.toSorted((a, b) => a.file.localeCompare(b.file)).map(({ name }) => name);
  expect(inOrder).toEqual(
    CATALOGUE.map(({ section, title }) => `${SECTIONS[section].title} > ${title}`),
  );
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

test('a step that a knob makes longer has the time for it', () => {
  const settings = readSettings({
    DURATION_SECONDS: '86400',
    HEADROOM_MAX_RATE: '1000000',
    HEADROOM_STEP_SECONDS: '600',
  });
  const seconds = (id: CriterionId) => {
    const { timeoutSeconds } = entryOf(id);
    return typeof timeoutSeconds === 'function' ? timeoutSeconds(settings) : timeoutSeconds;
  };
  expect(seconds('audit.soak')).toBeGreaterThan(86_400);
  expect(seconds('enforce.soak')).toBeGreaterThan(86_400);
  // 500, 750, 1125 and so on: the nineteenth is the last one below a million.
  expect(seconds('enforce.headroom')).toBeGreaterThan(19 * 600);
});

test('no criterion of the specs is skipped, singled out or put off by hand', () => {
  expect(specs.join('\n')).not.toMatch(/\.(skip|only|todo)\b/);
});

test('a title has no quote that a person who greps for it would not type', () => {
  expect(CATALOGUE.map(({ title }) => title).filter((title) => /[‘’“”]/.test(title))).toEqual([]);
});
