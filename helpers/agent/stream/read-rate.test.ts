import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatheringWait, ReadRate } from './read-rate.ts';

const QUARTER_OF_A_PIPE = 16 * 1024;

test('what gathers at a steady rate is at most a quarter of a pipe', () => {
  const rates = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(rates, (bytesPerMs) => {
      expect(gatheringWait(bytesPerMs) * bytesPerMs).toBeLessThanOrEqual(QUARTER_OF_A_PIPE + 1);
    }),
  );
});

test('a quiet stream is read as it comes, and so is a flood', () => {
  expect([gatheringWait(1), gatheringWait(1e6), gatheringWait(Number.POSITIVE_INFINITY)]).toEqual([
    0, 0, 0,
  ]);
  // The default load: 500 lines of 360 bytes a second.
  expect(gatheringWait(180)).toBeGreaterThan(50);
});

test('the rate is measured over half a second, and a read of half a pipe is believed at once', () => {
  const rate = new ReadRate();
  rate.after(0, 1000);
  expect(rate.after(18_000, 1100)).toBe(0);
  expect(rate.after(72_000 - 40_000, 1499)).toBe(0);
  expect(rate.after(40_000, 1500)).toBe(Number.POSITIVE_INFINITY);
  expect(rate.after(180, 2100)).toBeLessThan(1);
});
