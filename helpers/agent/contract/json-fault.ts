/** Where a text stops being one JSON document, and what should have been there. */
export interface JsonFault {
  /** UTF-16 units from the start; the text's length when it ends too early. */
  readonly offset: number;
  readonly expected: string;
}

const EXPECTED = {
  value: 'a JSON value',
  'value or ]': 'a JSON value or ]',
  'key or }': 'a key or }',
  key: 'a key in quotes',
  colon: 'a colon',
  'comma or }': 'a comma or }',
  'comma or ]': 'a comma or ]',
  end: 'nothing after the JSON document',
} as const;
type State = keyof typeof EXPECTED;

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Locates the first fault of a text that JSON.parse refused, in linear time and without recursion.
 * JSON.parse's own messages name no position for most faults. Undefined when there is no fault.
 */
export function jsonFault(text: string): JsonFault | undefined {
  const open: ('{' | '[')[] = [];
  let state: State = 'value';
  let at = 0;
  const afterValue = (): State => {
    const inside = open.at(-1);
    return inside === undefined ? 'end' : inside === '{' ? 'comma or }' : 'comma or ]';
  };
  for (;;) {
    at = matchEnd(SPACE, text, at) ?? at;
    const fault = { offset: at, expected: EXPECTED[state] };
    if (at === text.length) return state === 'end' ? undefined : fault;
    const character = text.charAt(at);
    if ((character === '}' || character === ']') && state.endsWith(character)) {
      open.pop();
      state = afterValue();
      at += 1;
    } else if (state === 'value' || state === 'value or ]') {
      if (character === '{' || character === '[') {
        open.push(character);
        state = character === '{' ? 'key or }' : 'value or ]';
        at += 1;
      } else {
        const end = character === '"' ? stringEnd(text, at) : matchEnd(SCALAR, text, at);
        if (end === undefined) return fault;
        if (typeof end === 'object') return end;
        state = afterValue();
        at = end;
      }
    } else if (state === 'key' || state === 'key or }') {
      const end = character === '"' ? stringEnd(text, at) : fault;
      if (typeof end === 'object') return end;
      state = 'colon';
      at = end;
    } else {
      const wanted = state === 'colon' ? ':' : state === 'end' ? '' : ',';
      if (character !== wanted) return fault;
      state = state === 'comma or }' ? 'key' : 'value';
      at += 1;
    }
  }
}

function matchEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** Offset after the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number | JsonFault {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20)
      return { offset: at, expected: 'a closing quote or an escaped control character' };
    if (code === 0x5c) {
      const end = matchEnd(ESCAPE, text, at);
      if (end === undefined) return { offset: at, expected: 'a valid escape' };
      at = end;
    } else at += 1;
  }
  return { offset: at, expected: 'a closing quote' };
}
