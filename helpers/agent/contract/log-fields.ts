/** The rest of a log line after its level: the message and its fields. */
export interface MessageAndFields {
  readonly message: string;
  readonly fields: ReadonlyMap<string, string>;
}

const KEY = /[A-Za-z_][\w.-]*=/y;
const PLAIN = /[^ "]*/y;
const QUOTED = /"((?:[^"\\]|\\["\\])*)"/y;
/** Longer values than any the agent writes; keeps the pattern matcher's own stack small. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

/**
 * Splits `message {k=v, k="v w"}`. The agent quotes a value exactly when it holds a blank or a
 * quote (docs/agent-contract.md §4.4), so a plain one ends at the next blank or the closing brace.
 */
export function parseLogFields(rest: string): MessageAndFields {
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
  let at = start;
  for (;;) {
    KEY.lastIndex = at;
    const key = KEY.exec(text)?.[0];
    if (key === undefined) return undefined;
    const value = valueFrom(text, at + key.length);
    if (value === undefined) return undefined;
    fields.set(key.slice(0, -1), value.text);
    if (value.end === text.length - 1) return fields;
    at = value.end + 2;
  }
}

/** A value and the offset of the `, ` or of the last `}` after it. */
function valueFrom(text: string, start: number): { text: string; end: number } | undefined {
  if (text.charAt(start) === '"') {
    QUOTED.lastIndex = start;
    const inner = QUOTED.exec(text)?.[1];
    if (inner === undefined) return undefined;
    const end = QUOTED.lastIndex;
    if (end !== text.length - 1 && !text.startsWith(', ', end)) return undefined;
    return { text: inner.replace(/\\(["\\])/g, '$1'), end };
  }
  PLAIN.lastIndex = start;
  const word = PLAIN.exec(text)?.[0] ?? '';
  const last = start + word.length;
  const end = last - 1;
  if (last !== text.length && !(word.endsWith(',') && text.charAt(last) === ' ')) return undefined;
  return end < start ? undefined : { text: text.slice(start, end), end };
}
