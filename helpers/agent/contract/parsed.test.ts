import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { propertyRuns } from '../../../fixtures/examples/property-tools.ts';
import { describeZodError, place, quote, valueText } from './parsed.ts';

test('a quoted text is one printable line that JSON reads back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const quoted = quote(text, 1000);
      expect(quoted).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(JSON.parse(quoted)).toBe(text);
    }),
    propertyRuns(),
  );
});

test('a long text is cut and its length is said', () => {
  expect(quote('x'.repeat(1000), 3)).toBe('"xxx"… (1000 characters)');
});

test('escape sequences, bidirectional marks and newlines cannot reach the terminal', () => {
  expect(quote('\u001b[2J\u009b\u202e\u2028\n\u{e0001}')).toBe(
    String.raw`"\u001b[2J\u009b\u202e\u2028\n\udb40\udc01"`,
  );
});

test('a refused document names expected, seen and path of the first three faults', () => {
  const schema = z.object({
    a: z.object({ b: z.array(z.boolean()) }),
    c: z.enum(['x', 'y']),
    d: z.int(),
    e: z.string(),
  });
  const document = { a: { b: [true, 'no'] }, c: 'z', d: 1.5 };
  const { error } = schema.safeParse(document);
  expect(error === undefined ? '' : describeZodError(error, document)).toBe(
    'expected boolean, saw "no" at $.a.b[1]; expected "x" or "y", saw "z" at $.c; ' +
      'expected int, saw 1.5 at $.d; and 1 more',
  );
});

test('a value is shown without walking into it', () => {
  const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
  expect([undefined, null, 3, false, 'a\n', deep, {}].map(valueText)).toEqual([
    'nothing',
    'null',
    '3',
    'false',
    '"a\\n"',
    'an array of 1',
    'an object',
  ]);
});

test('a place counts lines and columns from 1', () => {
  expect([0, 1, 2, 3].map((offset) => place('a\nbc', offset))).toEqual([
    'line 1, column 1',
    'line 1, column 2',
    'line 2, column 1',
    'line 2, column 2',
  ]);
});
