/** A word's edit distance is at most this share of it, so that a short name is not met by chance. */
const LETTERS_PER_EDIT = 5;

/**
 * Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment), or infinity
 * once they are more than that. Own code: a package for these lines is one more that root trusts.
 */
function editDistance(one: string, other: string, most: number): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + same,
        swapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    if (Math.min(...current) > most) return Number.POSITIVE_INFINITY;
  }
  return at(one.length, other.length);
}

/** The name that was probably meant; upper or lower case is no difference. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  return names.find((meant) => {
    const most = Math.floor(meant.length / LETTERS_PER_EDIT);
    return (
      Math.abs(meant.length - name.length) <= most &&
      editDistance(meant.toUpperCase(), name.toUpperCase(), most) <= most
    );
  });
}

/** Variables that are set, are no knob, and are almost called like one: a misspelt limit would be no limit. */
export function nearMisses(
  environment: Readonly<NodeJS.ProcessEnv>,
  names: readonly string[],
): string[] {
  return Object.keys(environment).flatMap((name) => {
    if (names.includes(name) || (environment[name] ?? '') === '') return [];
    const meant = nearest(name, names);
    return meant === undefined ? [] : [`${name}: there is no such knob; did you mean ${meant}?`];
  });
}
