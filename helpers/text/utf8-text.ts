import { isUtf8 } from 'node:buffer';

const WIDE = [
  { encoding: 'UTF-16 (little endian)', mark: [0xff, 0xfe], zeros: 1 },
  { encoding: 'UTF-16 (big endian)', mark: [0xfe, 0xff], zeros: 0 },
] as const;

/** UTF-16 by its byte order mark or, without one, by the zeros of its first letters. */
function wideEncoding(bytes: Uint8Array): string | undefined {
  const starts = (mark: readonly number[]) => mark.every((byte, at) => bytes[at] === byte);
  const letters = (zeros: number) =>
    bytes.length >= 4 && [0, 1, 2, 3].every((at) => (bytes[at] === 0) === (at % 2 === zeros));
  return WIDE.find(({ mark, zeros }) => starts(mark) || letters(zeros))?.encoding;
}

/** Offset of the first byte that is no UTF-8. */
function firstFault(line: Buffer): number {
  // Decoding puts U+FFFD in its place, so the two texts differ there.
  const decoded = Buffer.from(line.toString('utf8'));
  return line.findIndex((byte, at) => byte !== decoded[at]);
}

/**
 * Text of a file that a person wrote, without a byte order mark. Decoding with replacement characters would change a name, a
 * path or a reason without a word.
 * @throws Error in one line with the encoding it seems to have and the place, when it is no UTF-8.
 */
export function utf8Text(bytes: Buffer): string {
  const wide = wideEncoding(bytes);
  if (wide !== undefined) throw new Error(`it is ${wide}, expected UTF-8; save it as UTF-8`);
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/^\ufeff/, '');
  // A newline is never part of another character, so a fault lies within one line.
  for (let start = 0, number = 1; ; number += 1) {
    const newline = bytes.indexOf(0x0a, start);
    const line = bytes.subarray(start, newline === -1 ? bytes.length : newline);
    if (!isUtf8(line)) {
      const at = firstFault(line);
      const column = line.toString('utf8', 0, at).length + 1;
      const byte = line[at] ?? 0;
      const inWindows1252 = new TextDecoder('windows-1252').decode(Uint8Array.of(byte));
      throw new Error(
        `line ${number}, column ${column}: the byte 0x${byte.toString(16).toUpperCase()} is not UTF-8 (in windows-1252 it is "${inWindows1252}"); save the file as UTF-8`,
      );
    }
    start = newline + 1;
  }
}
