import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyRuns } from '../fixtures/examples/property-tools.ts';
import { codeSpan } from './markdown.ts';

const markdown = fc
  .array(
    fc.oneof(
      fc.constantFrom('`', '``', '|', '\\', '\n', '# ', '![x](y)', '<b>', '@all', '&lt;', '\u202e'),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((parts) => parts.join(''));

test('is one code span on one line whatever is in the text', () => {
  fc.assert(
    fc.property(markdown, (text) => {
      const span = codeSpan(text);
      if (span === '—') return;
      const fence = /^`+/.exec(span)?.[0] ?? '';
      const runs = [...span.matchAll(/`+/g)].map(([run]) => run);
      // The fence is the one run of its length, at both ends: nothing inside can close it.
      expect(runs.filter((run) => run.length === fence.length)).toHaveLength(2);
      expect(span.endsWith(fence)).toBe(true);
      expect(span).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]+$/u);
      expect(span).not.toMatch(/(?<!\\)\|/);
    }),
    propertyRuns(),
  );
});

test('ten megabytes become a line that fits, and nothing becomes a dash', () => {
  expect(codeSpan('x'.repeat(10_000_000)).length).toBeLessThan(400);
  expect(codeSpan(' \n')).toBe('—');
});
