const hex = (character: string) =>
  `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/**
 * Text that XML 1.0 can hold: control characters and lone surrogates are shown as escapes, so that
 * a report stays well-formed whatever bytes the agent prints.
 */
export function xmlText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, hex)
      // C1 controls are legal XML, and some terminals obey them when somebody prints the file.
      .replace(/[\u007F-\u009F]/g, hex)
  );
}

/** Text for a CDATA section: the builder's library splits only the first `]]>` of a text. */
export function cdataText(text: string): string {
  return xmlText(text).replaceAll(']]>', ']]\\u003e');
}

const reference = (character: string) => `&#${character.codePointAt(0) ?? 0};`;

/** What means something in XML; a carriage return would be read as a newline (XML 1.0, 2.11). */
const MARKUP = /[&<>"\r]/g;

/**
 * The same XML document in ASCII: a reader that guesses the encoding, or takes one for granted, reads it right.
 * CDATA sections become escaped text, for a character reference means nothing in them.
 */
export function asciiXml(xml: string): string {
  return xml
    .replace(/<!\[CDATA\[(.*?)\]\]>/gs, (_, text: string) => text.replace(MARKUP, reference))
    .replace(/[^\0-\x7f]/gu, reference);
}

/**
 * One line for a terminal: white space folded, and everything escaped that could move the cursor,
 * change colours or reorder what a person reads (controls, bidirectional overrides).
 */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, hex)
    .trim();
}

/** At most `length` characters, saying how much was left out; agents can print lines of megabytes. */
export function capped(text: string, length: number): string {
  if (text.length <= length) return text;
  const left = text.length - length;
  return `${text.slice(0, length).toWellFormed()}… (${left.toLocaleString('en')} more characters)`;
}
