/** So many of something, in words: "1 line", "3 lines", "2 criteria". */
export const counted = (count: number, one: string, many = `${one}s`) =>
  `${count} ${count === 1 ? one : many}`;

/** Plurals that lose more than their last letter. */
const SINGULARS: Readonly<Record<string, string>> = {
  criteria: 'criterion',
  entries: 'entry',
  lives: 'life',
  policies: 'policy',
  processes: 'process',
  properties: 'property',
};
/** The first plural of a unit; `ms` and `KiB/h` have none. */
const PLURAL = /\b(?:criteria|[a-z]{3,}s)\b/;

/** The unit of a figure: "missed denials", and of one "missed denial". */
export const unitFor = (value: number | string, unit: string): string =>
  value === 1 ? unit.replace(PLURAL, (word) => SINGULARS[word] ?? word.slice(0, -1)) : unit;

/** A figure with its unit for a person: "1,700 drops", "1 drop", "12 ms". */
export function withUnit(value: number | string, unit: string | undefined): string {
  const figure = typeof value === 'number' ? value.toLocaleString('en') : value;
  return unit === undefined ? figure : `${figure} ${unitFor(value, unit)}`;
}

/** Names in a sentence: "audit", "audit and enforce", "audit, enforce and rollback". */
export const inWords = (names: readonly string[]) =>
  new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(names);
