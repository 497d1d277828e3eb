import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';

/** What a crash or a full disk left of a line, kept as a line of its own: `{"torn":"<its text>"}`. */
const TORN = 'torn';

/** Whole lines of a file, and the text of each that is none. */
export interface Ndjson {
  readonly values: readonly unknown[];
  readonly torn: readonly string[];
}

const isTorn = (value: unknown): value is { readonly torn: string } =>
  typeof value === 'object' && value !== null && TORN in value && typeof value.torn === 'string';

/** The value of a JSON text; undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parsed(line: string): unknown {
  const value = jsonOf(line);
  return value === undefined ? { [TORN]: line } : value;
}

/** Reads NDJSON (https://github.com/ndjson/ndjson-spec); what cannot be read is told, never dropped. */
export function parseNdjson(text: string): Ndjson {
  const all = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parsed);
  return {
    values: all.filter((value) => !isTorn(value)),
    torn: all.filter(isTorn).map(({ torn }) => torn),
  };
}

/** The text behind the last line's end; empty for a file that ends as it should. */
function tornTail(descriptor: number, size: number): Buffer {
  const last = Buffer.alloc(1);
  if (size === 0 || (readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] === 0x0a))
    return Buffer.alloc(0);
  const whole = readFileSync(descriptor);
  return whole.subarray(whole.lastIndexOf(0x0a) + 1);
}

/** Appends one line. One that was torn before it becomes a whole line that tells so. */
export function appendNdjson(path: string, value: unknown, mode: number): void {
  const descriptor = openSync(path, 'a+', mode);
  try {
    const { size } = fstatSync(descriptor);
    const tail = tornTail(descriptor, size);
    const line = `${JSON.stringify(value)}\n`;
    if (tail.length === 0) return void writeSync(descriptor, line);
    const known = JSON.stringify(parsed(tail.toString('utf8')));
    ftruncateSync(descriptor, size - tail.length);
    writeSync(descriptor, `${known}\n${line}`);
  } finally {
    closeSync(descriptor);
  }
}
