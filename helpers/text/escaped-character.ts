/** A control, format or separator character as a visible escape: `\\n`, `\\u001b`. */
export function escapedCharacter(character: string): string {
  const short = JSON.stringify(character).slice(1, -1);
  if (short !== character) return short;
  // JSON leaves the C1 controls and bidirectional marks as they are; a terminal does not.
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}

/** Characters that a terminal acts on, or that reorder what a person reads; newlines are kept. */
const CONTROLS = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text of anybody, as it may be shown: every control character but the newline as an escape. */
export const withoutControls = (text: string) => text.replace(CONTROLS, escapedCharacter);

/** The same in one line: a newline is an escape too. */
export const inOneLine = (text: string) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapedCharacter);
