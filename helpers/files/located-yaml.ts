import { type Document, isNode, LineCounter, parseDocument, type SchemaOptions } from 'yaml';
import type { z } from 'zod';
import { issueText } from '../text/zod-words.ts';

/** A YAML file that a person wrote, checked; or every problem with the line and column it is at. */
export type LocatedYaml<T> =
  | {
      readonly ok: true;
      readonly value: T;
      readonly document: Document;
      /** Where something stands in the file: `review.yaml:12:5`. */
      readonly placeOf: (path: readonly PropertyKey[]) => string;
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The nearest node on the way to a place that may itself be missing. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

const placeText = (path: readonly PropertyKey[]) =>
  path
    .map((part) => (typeof part === 'number' ? `[${part + 1}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');

/**
 * Reads YAML against a schema. Entries of a list are counted from 1 in messages, as people do.
 * @param name of the file, as it shall stand before each problem: `review.yaml:12:5: …`.
 * @param options `failsafe` leaves every value as the text that stands in the file.
 */
export function readLocatedYaml<T>(
  name: string,
  text: string,
  schema: z.ZodType<T>,
  options: Pick<SchemaOptions, 'schema'> = {},
): LocatedYaml<T> {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { ...options, lineCounter, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return `${name}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const at = (offset: number, problem: string) => `${place(offset)}: ${problem}`;
  if (document.errors.length > 0) {
    return { ok: false, problems: document.errors.map(({ pos, message }) => at(pos[0], message)) };
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // An alias that leads nowhere, or aliases of aliases that would fill the memory.
    return { ok: false, problems: [at(0, (error as Error).message)] };
  }
  const parsed = schema.safeParse(value);
  const placeOf = (path: readonly PropertyKey[]) => place(offsetOf(document, path));
  if (parsed.success) return { ok: true, value: parsed.data, document, placeOf };
  const problems = parsed.error.issues.map((issue) =>
    at(offsetOf(document, issue.path), issueText(issue, placeText(issue.path))),
  );
  return { ok: false, problems };
}
