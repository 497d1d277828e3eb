import { accepted, type Parsed, quote, refused } from './parsed.ts';

/** The lines of a command's output. A last line without a newline was cut off and is refused. */
export function wholeLines(text: string, what: string): Parsed<readonly string[]> {
  if (text === '') return accepted([]);
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  if (last === '') return accepted(lines);
  return refused(
    `${what} is cut off: expected a newline at the end, saw ${quote(last)} at line ${lines.length + 1}`,
  );
}

/** Every line through a reader; the first that it refuses refuses the whole. */
export function eachLine<T>(
  text: string,
  what: string,
  expected: string,
  read: (line: string) => T | undefined,
): Parsed<readonly T[]> {
  const lines = wholeLines(text, what);
  if (!lines.ok) return lines;
  const values: T[] = [];
  for (const [index, line] of lines.value.entries()) {
    const value = read(line);
    if (value === undefined) {
      return refused(`${what}: expected ${expected}, saw ${quote(line)} at line ${index + 1}`);
    }
    values.push(value);
  }
  return accepted(values);
}
