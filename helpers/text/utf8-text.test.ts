import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyRuns } from '../../fixtures/examples/property-tools.ts';
import { utf8Text } from './utf8-text.ts';

const refusal = (bytes: Buffer) => {
  try {
    return utf8Text(bytes);
  } catch (error) {
    return (error as Error).message;
  }
};

test('windows-1252 is refused with its place and the letter that it means', () => {
  const bytes = Buffer.from('groups:\n  - reviewer: Ren\xe9\n', 'latin1');
  expect(refusal(bytes)).toBe(
    'line 2, column 18: the byte 0xE9 is not UTF-8 (in windows-1252 it is "é"); save the file as UTF-8',
  );
});

test('UTF-16 is refused by its name, with a byte order mark or without', () => {
  const little = Buffer.from('schema: 1\n', 'utf16le');
  const big = Buffer.from(little).swap16();
  for (const bytes of [little, Buffer.concat([Buffer.from([0xff, 0xfe]), little])])
    expect(refusal(bytes)).toContain('it is UTF-16 (little endian), expected UTF-8');
  for (const bytes of [big, Buffer.concat([Buffer.from([0xfe, 0xff]), big])])
    expect(refusal(bytes)).toContain('it is UTF-16 (big endian), expected UTF-8');
});

test('any text in UTF-8 is read as it is, and without its byte order mark', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((some) => !/^[\ufeff\0]|^.\0/s.test(some));
  fc.assert(
    fc.property(text, (some) => {
      expect(utf8Text(Buffer.from(some))).toBe(some);
      expect(utf8Text(Buffer.from(`\ufeff${some}`))).toBe(some);
    }),
    propertyRuns(),
  );
});

test('a byte that is no UTF-8 is never replaced, and its place is told', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'é', '\ufffd', '😀', '\r', '\n', ' ') });
  fc.assert(
    fc.property(word, word, fc.integer({ min: 0xf8, max: 0xff }), (before, after, byte) => {
      const bytes = Buffer.concat([
        Buffer.from(`ab${before}`),
        Buffer.of(byte),
        Buffer.from(after),
      ]);
      const lines = `ab${before}`.split('\n');
      const place = `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}: `;
      expect(refusal(bytes).startsWith(place)).toBe(true);
    }),
    propertyRuns(),
  );
});

test('any bytes are a text or are refused in one line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = refusal(Buffer.from(bytes));
      if (!text.endsWith('save the file as UTF-8') && !text.endsWith('save it as UTF-8'))
        expect(Buffer.from(text).toString('hex')).toBe(
          Buffer.from(bytes)
            .toString('hex')
            .replace(/^efbbbf/, ''),
        );
      else expect(text).not.toContain('\n');
    }),
    propertyRuns(),
  );
});
