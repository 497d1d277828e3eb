import { quote } from './parsed.ts';
/** One sample of the Prometheus text format 0.0.4, or of OpenMetrics. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A fault in one line: what was expected there, and at which offset of the line. */
export interface LineFault {
  readonly expected: string;
  readonly offset: number;
  /** The family whose line it is; undefined when that cannot be read. */
  readonly family?: string | undefined;
}

export const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const BLANKS = /[ \t]*/y;
/** Written so that no digit can be matched in two ways: linear on any input. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The text that matches at the offset, '' for none. */
export function take(pattern: RegExp, line: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(line)?.[0] ?? '';
}

/**
 * Reads `name{label="value",…} value [timestamp] [# exemplar]`, or `{"name",label="value",…} value …` for a name that needs
 * quotes; the value must be a finite number.
 */
export function parseSample(line: string): Sample | LineFault {
  const bare = take(METRIC_NAME, line, 0);
  const at = bare.length + take(BLANKS, line, bare.length).length;
  if (line.charAt(at) === '{') {
    const read = parseLabels(line, at + 1);
    const family = bare === '' ? nameInBraces(line, at + 1) : bare;
    if ('expected' in read) return { ...read, family };
    if (family === undefined || (bare !== '' && read.quotedName !== undefined))
      return { expected: 'a metric name', offset: at, family };
    return withValue(line, read.end, { name: family, labels: read.labels });
  }
  if (bare === '') return { expected: 'a metric name', offset: 0 };
  if (at === bare.length) {
    // What follows may belong to the name, so it is not known whose line this is.
    const family = at === line.length ? bare : undefined;
    return { expected: 'a blank and a value', offset: at, family };
  }
  return withValue(line, at, { name: bare, labels: {} });
}

function nameInBraces(line: string, start: number): string | undefined {
  const at = start + take(BLANKS, line, start).length;
  const read = line.charAt(at) === '"' ? parseQuoted(line, at + 1) : undefined;
  return read === undefined || 'expected' in read ? undefined : read.value;
}

function withValue(line: string, start: number, series: Omit<Sample, 'value'>): Sample | LineFault {
  const family = series.name;
  const at = start + take(BLANKS, line, start).length;
  const hash = line.indexOf('#', at);
  const [number = '', timestamp, ...rest] = line
    .slice(at, hash === -1 ? undefined : hash)
    .trimEnd()
    .split(/[ \t]+/);
  const value = NUMBER.test(number) ? Number(number) : Number.NaN;
  if (!Number.isFinite(value)) return { expected: 'a finite number', offset: at, family };
  if (rest.length > 0 || (timestamp !== undefined && !NUMBER.test(timestamp))) {
    const offset = at + number.length + 1;
    return { expected: 'at most a timestamp after the value', offset, family };
  }
  if (hash !== -1 && !isExemplar(line, hash))
    return { expected: 'an exemplar after #', offset: hash, family };
  return { ...series, value: value + 0 };
}

/** `# {label="value",…} value [timestamp]` (OpenMetrics 1.0, Exemplars): read past. */
function isExemplar(line: string, hash: number): boolean {
  const at = hash + 1 + take(BLANKS, line, hash + 1).length;
  if (line.charAt(at) !== '{') return false;
  const read = parseLabels(line, at + 1);
  if ('expected' in read) return false;
  const numbers = line
    .slice(read.end)
    .trim()
    .split(/[ \t]+/);
  return numbers.length <= 2 && numbers.every((number) => NUMBER.test(number));
}

interface ReadLabels {
  readonly labels: Readonly<Record<string, string>>;
  /** The metric's name, where it stands among the labels. */
  readonly quotedName: string | undefined;
  readonly end: number;
}

function parseLabels(line: string, start: number): ReadLabels | LineFault {
  const labels = new Map<string, string>();
  let quotedName: string | undefined;
  let at = start;
  for (;;) {
    at += take(BLANKS, line, at).length;
    if (line.charAt(at) === '}')
      return { labels: Object.fromEntries(labels), quotedName, end: at + 1 };
    const from = at;
    const name = parseLabelName(line, at);
    if ('expected' in name) return name;
    at = name.end + take(BLANKS, line, name.end).length;
    if (line.charAt(at) !== '=') {
      if (!name.quoted || quotedName !== undefined || labels.size > 0)
        return { expected: 'an equals sign', offset: at };
      quotedName = name.value;
    } else {
      if (labels.has(name.value)) return { expected: `the label ${name.value} once`, offset: from };
      at += 1;
      at += take(BLANKS, line, at).length;
      if (line.charAt(at) !== '"') return { expected: 'a label value in quotes', offset: at };
      const read = parseQuoted(line, at + 1);
      if ('expected' in read) return read;
      labels.set(name.value, read.value);
      at = read.end + take(BLANKS, line, read.end).length;
    }
    if (line.charAt(at) === ',') at += 1;
    else if (line.charAt(at) !== '}') return { expected: 'a comma or }', offset: at };
  }
}

function parseLabelName(
  line: string,
  at: number,
): { value: string; end: number; quoted: boolean } | LineFault {
  if (line.charAt(at) === '"') {
    const read = parseQuoted(line, at + 1);
    return 'expected' in read ? read : { ...read, quoted: true };
  }
  const value = take(LABEL_NAME, line, at);
  if (value === '') return { expected: 'a label name or }', offset: at };
  return { value, end: at + value.length, quoted: false };
}

const UNESCAPED: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', n: '\n' };

function parseQuoted(line: string, start: number): { value: string; end: number } | LineFault {
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

/** Labels of one series by name. */
export type Labels = Readonly<Record<string, string>>;

/** Order of labels does not matter in the format, so it must not in the key. */
export function seriesKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A series as the format writes it, cut for a message. */
export function seriesText(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${quote(value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}
