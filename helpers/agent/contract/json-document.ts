import { z } from 'zod';
import { jsonFault } from './json-fault.ts';
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
  const fault = jsonFault(text) ?? { offset: 0, expected: 'one JSON document' };
  const seen =
    fault.offset >= text.length
      ? `the end of the text after ${quote(text.slice(-60))}`
      : quote(text.slice(fault.offset, fault.offset + 60));
  return `expected ${fault.expected}, saw ${seen} at ${place(text, fault.offset)}`;
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
export type Flags<Required extends string> = Readonly<Record<string, boolean>> &
  Readonly<Record<Required, boolean>>;
