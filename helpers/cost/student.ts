/**
 * Quantiles of Student's t at 99.95 %, for 1 to 30 degrees of freedom: a two-sided interval of 99.9 %. A run compares some fifty
 * ratios, so that 99 % would cry wolf in every second one. The blocks are few, and an interval that is drawn from among them
 * (bootstrap) would be too narrow: of four it never reaches beyond the lowest and the highest.
 */
const QUANTILES = [
  ...[636.619, 31.599, 12.924, 8.61, 6.869, 5.959, 5.408, 5.041, 4.781, 4.587],
  ...[4.437, 4.318, 4.221, 4.14, 4.073, 4.015, 3.965, 3.922, 3.883, 3.85],
  ...[3.819, 3.792, 3.768, 3.745, 3.725, 3.707, 3.69, 3.674, 3.659, 3.646],
];

/** For more than 30 it is that of 30, which is wider than need be. */
export const studentQuantile = (freedom: number): number =>
  freedom < 1 ? Number.POSITIVE_INFINITY : (QUANTILES[Math.min(freedom, 30) - 1] ?? 0);

export const CONFIDENCE = '99.9 %';
