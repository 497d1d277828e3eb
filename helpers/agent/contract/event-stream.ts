import { isUtf8 } from 'node:buffer';
import { quote } from './parsed.ts';

/** A complete line without its newline, or the notice that one was too long to keep. */
export type SplitLine =
  | {
      readonly kind: 'line';
      readonly text: string;
      /** Its bytes are no UTF-8: the text has U+FFFD in their place. */
      readonly notUtf8?: true;
    }
  | { readonly kind: 'oversized'; readonly bytes: number; readonly head: string };

const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;
const HEAD_BYTES = 200;
const NEWLINE = 0x0a;

/**
 * Splits a byte stream into lines of UTF-8. Newlines are looked for in bytes, so a chunk may end
 * anywhere, also inside a character. Memory is bounded by the longest line that is allowed.
 */
export class EventLineSplitter {
  readonly #maxLineBytes: number;
  /** Start of a line whose end has not come; copied, since callers reuse their chunks. */
  #pending = Buffer.alloc(0);
  #pendingBytes = 0;
  #skipping = false;

  constructor(maxLineBytes = DEFAULT_MAX_LINE_BYTES) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that this chunk completes; a line too long is reported once and then skipped. */
  push(chunk: Buffer): SplitLine[] {
    const lines: SplitLine[] = [];
    let start = 0;
    if (this.#skipping || this.#pendingBytes > 0) {
      const end = chunk.indexOf(NEWLINE);
      if (end === -1) {
        this.#keep(chunk, lines);
        return lines;
      }
      this.#keep(chunk.subarray(0, end), lines);
      if (!this.#skipping) lines.push(this.#takePending());
      this.#skipping = false;
      start = end + 1;
    }
    const last = chunk.lastIndexOf(NEWLINE);
    if (last >= start) {
      this.#takeWhole(chunk.subarray(start, last), lines);
      start = last + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start), lines);
    return lines;
  }

  /** What is left without a newline, a torn line; undefined when the stream ended at a line's end. */
  end(): { readonly kind: 'unterminated'; readonly text: string } | undefined {
    this.#skipping = false;
    if (this.#pendingBytes === 0) return undefined;
    return { kind: 'unterminated', text: this.#takePending().text };
  }

  /** Bytes of complete lines, newlines between them. */
  #takeWhole(bytes: Buffer, lines: SplitLine[]): void {
    if (bytes.length <= this.#maxLineBytes && isUtf8(bytes)) {
      // One decoding for all is several times faster than one a line.
      for (const text of bytes.toString('utf8').split('\n')) lines.push({ kind: 'line', text });
      return;
    }
    for (let start = 0; start <= bytes.length; ) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline === -1 ? bytes.length : newline;
      const line = bytes.subarray(start, end);
      if (line.length > this.#maxLineBytes) lines.push(oversized(line.length, line));
      else lines.push(lineOf(line));
      start = end + 1;
    }
  }

  #keep(bytes: Buffer, lines: SplitLine[]): void {
    if (this.#skipping) return;
    const total = this.#pendingBytes + bytes.length;
    if (total > this.#maxLineBytes) {
      const head = Buffer.concat([
        this.#pending.subarray(0, this.#pendingBytes),
        bytes.subarray(0, HEAD_BYTES),
      ]);
      lines.push(oversized(total, head));
      this.#pending = Buffer.alloc(0);
      this.#pendingBytes = 0;
      this.#skipping = true;
      return;
    }
    if (total > this.#pending.length) {
      // Doubling keeps a line that arrives byte by byte linear.
      const grown = Buffer.alloc(Math.min(Math.max(total * 2, 4096), this.#maxLineBytes));
      this.#pending.copy(grown, 0, 0, this.#pendingBytes);
      this.#pending = grown;
    }
    bytes.copy(this.#pending, this.#pendingBytes);
    this.#pendingBytes = total;
  }

  #takePending() {
    const line = lineOf(this.#pending.subarray(0, this.#pendingBytes));
    this.#pendingBytes = 0;
    return line;
  }
}

const lineOf = (bytes: Buffer) => ({
  ...{ kind: 'line' as const, text: bytes.toString('utf8') },
  ...(isUtf8(bytes) ? {} : { notUtf8: true as const }),
});

/** `bytes` is what had come of the line when it became too long. */
function oversized(bytes: number, line: Buffer): SplitLine {
  return { kind: 'oversized', bytes, head: quote(line.toString('utf8', 0, HEAD_BYTES)) };
}
