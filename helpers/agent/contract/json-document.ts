import { z } from 'zod';
import { accepted, describeZodError, type Parsed, place, quote, refused } from './parsed.ts';

/** Exactly one JSON document; white space around it is fine, anything else is refused. */
export function parseJson(text: string): Parsed<unknown> {
  try {
    return accepted(JSON.parse(text));
  } catch {
    return refused(describeJsonFault(text));
  }
}

/** A JSON document that must fit the schema; `what` names it in the error. */
export function parseDocument<T>(text: string, schema: z.ZodType<T>, what: string): Parsed<T> {
  if (text.trim() === '') return refused(`expected ${what} as JSON, saw no data: ${quote(text)}`);
  const json = parseJson(text);
  if (!json.ok) return refused(`${what} is not JSON: ${json.error}`);
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return accepted(parsed.data);
  return refused(`${what}: ${describeZodError(parsed.error, json.value)}`);
}

/** Why a text is not one JSON document: what was expected, seen, and where. */
export function describeJsonFault(text: string): string {
  const fault = faultOf(text);
  const [, words = 'Expected a JSON value', position] = AT_POSITION.exec(fault) ?? [];
  const offset = Number(position ?? (isStrange(fault) ? endOfWhole(text) : text.length));
  const message = `${words.charAt(0).toLowerCase()}${words.slice(1)}`.replace(
    /^unexpected .* after JSON$/,
    'expected nothing after the JSON document',
  );
  const seen =
    offset >= text.length
      ? `the end of the text after ${quote(text.slice(-60))}`
      : quote(text.slice(offset, offset + 60));
  return `${message}, saw ${seen} at ${place(text, offset)}`;
}

/** It tells the place of every fault but a value that is none. */
const AT_POSITION = /^(.*?)(?: in JSON)? at position (\d+) \(line \d+ column \d+\)$/;

/** What Node's parser says is wrong. */
function faultOf(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** A value that is none; V8 names the character and not the place. */
const isStrange = (fault: string) => fault.startsWith('Unexpected token');

/** Where a text stops being the beginning of a document: the longest part of it that lacks nothing but its end. */
function endOfWhole(text: string): number {
  let [whole, strange] = [0, text.length + 1];
  while (strange - whole > 1) {
    const middle = Math.floor((whole + strange) / 2);
    if (isStrange(faultOf(text.slice(0, middle)))) strange = middle;
    else whole = middle;
  }
  return whole;
}

/**
 * An object of booleans: the required keys must be there, the known ones must be boolean where
 * they are; what newer agents add stays when it is a boolean and is dropped when it is not.
 */
export function flags<Required extends string>(
  required: readonly Required[],
  known: readonly string[] = [],
) {
  return z
    .looseObject(
      Object.fromEntries([
        ...known.map((key) => [key, z.boolean().optional()] as const),
        ...required.map((key) => [key, z.boolean()] as const),
      ]),
    )
    .transform(
      (object) =>
        Object.fromEntries(
          Object.entries(object).filter(([, value]) => typeof value === 'boolean'),
        ) as Flags<Required>,
    );
}

/** Booleans by name, with those that every document of the kind carries. */
type Flags<Required extends string> = Readonly<Record<string, boolean>> &
  Readonly<Record<Required, boolean>>;
