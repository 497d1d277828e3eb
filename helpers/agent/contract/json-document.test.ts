import { expect, test } from 'vitest';
import { z } from 'zod';
import { alwaysAnswers, errorOf, sample } from '../../../fixtures/examples/property-tools.ts';
import { flags, parseDocument, parseJson } from './json-document.ts';

const object = z.looseObject({});
const error = (text: string) => errorOf(parseDocument(text, object, 'thing'));

test('a text that stops early is located at its end', () => {
  expect(error('{"a":1,\n"b":[1, 2')).toBe(
    String.raw`thing is not JSON: expected ',' or ']' after array element, saw the end of the text after "{\"a\":1,\n\"b\":[1, 2" at line 2, column 10`,
  );
});

test('anything after the document is refused and located', () => {
  expect(error('{}\n{}')).toContain(
    'expected nothing after the JSON document, saw "{}" at line 2, column 1',
  );
});

test.each([
  ['', 'no data'],
  [' \n\t', 'no data'],
  ['{"a" 1}', `expected ':' after property name, saw "1}" at line 1, column 6`],
  ['{"a":1,}', 'expected double-quoted property name, saw "}" at line 1, column 8'],
  ['[1,]', 'expected a JSON value, saw "]" at line 1, column 4'],
  ['{"a":"x\ny"}', 'bad control character in string literal, saw "\\ny\\"}" at line 1, column 8'],
  ['{"a":"\\q"}', 'bad escaped character, saw "q\\"}" at line 1, column 8'],
  ['{"a":NaN}', 'expected a JSON value, saw "NaN}"'],
  ['[]', 'expected object, saw an array of 0 at $'],
])('%j is refused', (text, expected) => {
  expect(error(text)).toContain(expected);
});

test('nesting a million deep neither throws nor hangs', () => {
  expect(parseJson('['.repeat(1_000_000)).ok).toBe(false);
  expect(parseJson('{"a":'.repeat(1_000_000)).ok).toBe(false);
});

test('flags keep newer booleans, drop what is none, and demand the required', () => {
  const schema = flags(['a'], ['b']);
  expect(schema.parse({ a: true, b: false, c: true, d: 1 })).toEqual({
    a: true,
    b: false,
    c: true,
  });
  expect(schema.safeParse({ b: true }).success).toBe(false);
  expect(schema.safeParse({ a: true, b: 'yes' }).success).toBe(false);
});

test('any text gets an answer', () => {
  alwaysAnswers(error, sample('health0.json'));
});
