import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyText, damaged, propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { readLocatedYaml } from '../files/located-yaml.ts';
import { review } from './review-file.ts';

const SAMPLE = `# for people
groups:
  # 3 decisions
  - group: '"block" | "/srv/a" | "cat" | "cron.service" | "AUDIT"'
    phase: audit
    verdict: pending
    severity: high
    resolution: null
    note: null
    reviewer: null
    date: null
    expires: null
    count: 3
    firstSeen: 2026-11-23T14:00:00.000Z
    lastSeen: 2026-11-23T14:01:00.000Z
    example: '{"type":"block"}'
`;

test('any text is a review or has errors, each with a line and a column that are there', () => {
  fc.assert(
    fc.property(fc.oneof(anyText(), damaged(SAMPLE)), (text) => {
      const read = readLocatedYaml('review.yaml', text, review);
      if (read.ok) {
        expect(read.value.groups.every(({ count }) => Number.isInteger(count))).toBe(true);
        return;
      }
      expect(read.problems.length).toBeGreaterThan(0);
      const lines = text.split(/\r\n?|\n/);
      for (const problem of read.problems) {
        const [, line = '0', column = '0'] = /^review\.yaml:(\d+):(\d+): ./s.exec(problem) ?? [];
        expect(Number(line), problem).toBeGreaterThan(0);
        expect(Number(line), problem).toBeLessThanOrEqual(lines.length + 1);
        expect(Number(column), problem).toBeGreaterThan(0);
      }
    }),
    propertyRuns(),
  );
});

test('aliases of aliases are refused, not unfolded', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let depth = 0; depth < 8; depth += 1) {
    const before = String.fromCharCode(97 + depth);
    const name = String.fromCharCode(98 + depth);
    bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`);
  }
  const read = readLocatedYaml('review.yaml', `${bomb.join('\n')}\ngroups: []\n`, review);
  expect(read.ok).toBe(false);
});

test('what is not a list of groups is said in words', () => {
  for (const [text, why] of [
    ['', 'expected `groups:` with a list below'],
    ['groups: 1\n', 'expected a list of groups'],
    ['groups:\n  - 1\n', 'expected'],
    ['[]\n', 'expected `groups:` with a list below'],
  ] as const) {
    const read = readLocatedYaml('review.yaml', text, review);
    expect(read.ok ? [] : read.problems).toEqual([expect.stringContaining(why)]);
  }
});
