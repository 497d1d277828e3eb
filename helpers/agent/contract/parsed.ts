import type { z } from 'zod';
import { inOneLine } from '../../text/escaped-character.ts';
import { expectation } from '../../text/zod-words.ts';

/** What a parser gives back: the value, or why there is none (expected, seen, where). */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

export function accepted<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refused(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}

/** Characters of the agent's text shown in an error; enough to recognise a line by. */
const SHOWN_CHARACTERS = 200;
const SHOWN_ISSUES = 3;

/**
 * The text as a JSON string, safe on a terminal: control, format and line-separator characters
 * are escaped. Cut after `max` characters (UTF-16 units), with the full length said.
 */
export function quote(text: string, max = SHOWN_CHARACTERS): string {
  const kept = text.length > max ? text.slice(0, max) : text;
  const escaped = inOneLine(JSON.stringify(kept));
  return kept.length === text.length ? escaped : `${escaped}… (${text.length} characters)`;
}

/** A value of a JSON document in a few words; never walks into it, so depth cannot hurt. */
export function valueText(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** `line 3, column 12` of an offset; both from 1, columns in UTF-16 units. */
export function place(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `line ${before.split('\n').length}, column ${offset - before.lastIndexOf('\n')}`;
}

/** The first few issues of a refused document: what was expected, what was seen, at which path. */
export function describeZodError(error: z.ZodError, document: unknown): string {
  const described = error.issues
    .slice(0, SHOWN_ISSUES)
    .map(
      (issue) =>
        `${expectation(issue)}, saw ${valueText(valueAt(document, issue.path))} at ${jsonPath(issue.path)}`,
    );
  const more = error.issues.length - described.length;
  return `${described.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function jsonPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = String(key);
    return /^[A-Za-z_]\w*$/.test(name) ? `${text}.${name}` : `${text}[${quote(name)}]`;
  }, '$');
}
