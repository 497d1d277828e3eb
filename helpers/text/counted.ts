/** So many of something, in words: "1 line", "3 lines", "2 criteria". */
export const counted = (count: number, one: string, many = `${one}s`) =>
  `${count} ${count === 1 ? one : many}`;

/** Names in a sentence: "audit", "audit and enforce", "audit, enforce and rollback". */
export const inWords = (names: readonly string[]) =>
  new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(names);
