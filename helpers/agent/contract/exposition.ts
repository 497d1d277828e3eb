/** One sample of the Prometheus text format 0.0.4. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A fault in one line: what was expected there, and at which offset of the line. */
export interface LineFault {
  readonly expected: string;
  readonly offset: number;
}

export const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const BLANKS = /[ \t]*/y;
/** Written so that no digit can be matched in two ways: linear on any input. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const TIMESTAMP = /^-?\d+$/;

/** The text that matches at the offset, '' for none. */
export function take(pattern: RegExp, line: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(line)?.[0] ?? '';
}

/** Reads `name{label="value",…} value [timestamp]`; the value must be a finite number. */
export function parseSample(line: string): Sample | LineFault {
  const name = take(METRIC_NAME, line, 0);
  if (name === '') return { expected: 'a metric name', offset: 0 };
  let at = name.length + take(BLANKS, line, name.length).length;
  let labels: Readonly<Record<string, string>> = {};
  if (line.charAt(at) === '{') {
    const read = parseLabels(line, at + 1);
    if ('expected' in read) return read;
    labels = read.labels;
    at = read.end;
  } else if (at === name.length) return { expected: 'a blank and a value', offset: at };
  return withValue(line, at, { name, labels });
}

function withValue(line: string, start: number, series: Omit<Sample, 'value'>): Sample | LineFault {
  const at = start + take(BLANKS, line, start).length;
  const [number = '', timestamp, ...rest] = line.slice(at).split(/[ \t]+/);
  const value = NUMBER.test(number) ? Number(number) : Number.NaN;
  if (!Number.isFinite(value)) return { expected: 'a finite number', offset: at };
  if (rest.length > 0 || (timestamp !== undefined && !TIMESTAMP.test(timestamp))) {
    return { expected: 'at most a timestamp after the value', offset: at + number.length + 1 };
  }
  return { ...series, value: value + 0 };
}

function parseLabels(
  line: string,
  start: number,
): { labels: Readonly<Record<string, string>>; end: number } | LineFault {
  const labels = new Map<string, string>();
  let at = start;
  for (;;) {
    at += take(BLANKS, line, at).length;
    if (line.charAt(at) === '}') return { labels: Object.fromEntries(labels), end: at + 1 };
    const name = take(LABEL_NAME, line, at);
    if (name === '') return { expected: 'a label name or }', offset: at };
    if (labels.has(name)) return { expected: `the label ${name} once`, offset: at };
    at += name.length;
    at += take(BLANKS, line, at).length;
    if (line.charAt(at) !== '=') return { expected: 'an equals sign', offset: at };
    at += 1;
    at += take(BLANKS, line, at).length;
    if (line.charAt(at) !== '"') return { expected: 'a label value in quotes', offset: at };
    const read = parseLabelValue(line, at + 1);
    if ('expected' in read) return read;
    labels.set(name, read.value);
    at = read.end + take(BLANKS, line, read.end).length;
    if (line.charAt(at) === ',') at += 1;
    else if (line.charAt(at) !== '}') return { expected: 'a comma or }', offset: at };
  }
}

const UNESCAPED: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', n: '\n' };

function parseLabelValue(line: string, start: number): { value: string; end: number } | LineFault {
  let value = '';
  let from = start;
  for (let at = start; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '"') return { value: value + line.slice(from, at), end: at + 1 };
    if (character !== '\\') continue;
    const plain = UNESCAPED[line.charAt(at + 1)];
    if (plain === undefined) return { expected: 'one of \\\\, \\" and \\n', offset: at };
    value += line.slice(from, at) + plain;
    at += 1;
    from = at + 1;
  }
  return { expected: 'a closing quote', offset: line.length };
}
