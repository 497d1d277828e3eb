import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const SOURCES = globSync('**/*.ts', { cwd: import.meta.dirname }).filter(
  (name) => !name.endsWith('.test.ts'),
);
/** A moment of the host's clock that is compared with another one. */
const DIFFERENCE = /[-+<>]\s*Date\.now\(\)|Date\.now\(\)\s*[-+<>]/;

test('no duration is of a clock that somebody can set: a step of it would make a quick agent slow', () => {
  const wrong = SOURCES.filter((name) =>
    DIFFERENCE.test(readFileSync(new URL(name, import.meta.url), 'utf8')),
  );
  expect(SOURCES.length).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});
