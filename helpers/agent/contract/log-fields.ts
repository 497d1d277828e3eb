/**
 * `key=value` and what follows it: `, ` or the brace at the end. The agent quotes a value exactly when it holds a blank
 * or a quote (docs/agent-contract.md §4.4), so a plain one ends at the next blank or that brace.
 */
const FIELD = /([A-Za-z_][\w.-]*)=(?:"((?:[^"\\]|\\["\\])*)"|([^ "]*))(?:, |(\}$))/y;
/** Longer values than any the agent writes; keeps the pattern matcher's own stack small. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

/** Splits the rest of a log line after its level, `message {k=v, k="v w"}`. */
export function parseLogFields(rest: string): {
  readonly message: string;
  readonly fields: ReadonlyMap<string, string>;
} {
  const none = { message: rest, fields: new Map<string, string>() };
  if (!rest.endsWith('}') || rest.length > MAX_LINE_CHARACTERS) return none;
  // A message may itself hold ` {`: the fields are the first such group that reaches the end.
  for (let open = rest.indexOf(' {'); open !== -1; open = rest.indexOf(' {', open + 1)) {
    const fields = fieldsFrom(rest, open + 2);
    if (fields !== undefined) return { message: rest.slice(0, open), fields };
  }
  return none;
}

function fieldsFrom(text: string, start: number): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  FIELD.lastIndex = start;
  for (;;) {
    const [, key, quoted, plain = '', last] = FIELD.exec(text) ?? [];
    if (key === undefined) return undefined;
    fields.set(key, quoted?.replace(/\\(["\\])/g, '$1') ?? plain);
    if (last !== undefined) return fields;
  }
}
