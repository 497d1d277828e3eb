import { expect, test } from 'vitest';
import { HOSTILE_LINES } from '../../../fixtures/examples/hostile-lines.ts';

const SHORT = 40;
const LONG_CHARACTERS = 1_000_000;

// How long it takes is a ratio of `npm run benchmark -- readers`: no test is timed. Quadratic work would
// keep this one busy for hours.
test.each([...new Set(HOSTILE_LINES.map(({ reader }) => reader))])(
  'a megabyte of one hostile line is answered by the %s reader as a short one is',
  (reader) => {
    for (const { part, read } of HOSTILE_LINES.filter((one) => one.reader === reader)) {
      const times = SHORT * Math.floor(LONG_CHARACTERS / part.length / SHORT);
      expect(read(times), part).toEqual(read(SHORT));
    }
  },
);
