/** A control, format or separator character as a visible escape: `\\n`, `\\u001b`. */
export function escapedCharacter(character: string): string {
  const short = JSON.stringify(character).slice(1, -1);
  if (short !== character) return short;
  // JSON leaves the C1 controls and bidirectional marks as they are; a terminal does not.
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
