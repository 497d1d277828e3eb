import { expect, test } from 'vitest';
import { withUnit } from './counted.ts';

test.each([
  [1, 'missed denials', '1 missed denial'],
  [1, 'opens of the denied file', '1 open of the denied file'],
  [1, 'processes', '1 process'],
  [1, 'criteria passed', '1 criterion passed'],
  [1, 'event lines with a wrong field', '1 event line with a wrong field'],
  [1, 'ms', '1 ms'],
  [1, 'KiB/h', '1 KiB/h'],
  [1, 'with/without', '1 with/without'],
  [0, 'drops', '0 drops'],
  [1700, 'drops', '1,700 drops'],
  ['1', 'drops', '1 drops'],
])('%s %s is told as "%s"', (value, unit, text) => {
  expect(withUnit(value, unit)).toBe(text);
});
