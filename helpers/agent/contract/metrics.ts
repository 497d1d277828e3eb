import {
  type Labels,
  type LineFault,
  METRIC_NAME,
  parseSample,
  type Sample,
  seriesKey,
  seriesText,
  take,
} from './exposition.ts';
import { accepted, type Parsed, quote, refused } from './parsed.ts';

/** Types of the text format, and those that OpenMetrics adds. */
const TYPES: readonly string[] = [
  ...['counter', 'gauge', 'histogram', 'summary', 'untyped'],
  ...['unknown', 'info', 'stateset', 'gaugehistogram'],
];

/** What a scrape holds, by family. */
interface Families {
  readonly types: Map<string, string>;
  readonly samples: Map<string, Map<string, Sample>>;
  /** Why a family's lines cannot be used: its first fault. */
  readonly faults: Map<string, string>;
}

/**
 * One scrape. A family or series that is not there is said so, and is never 0. A fault in a line is a fault of its
 * family: whoever asks for that family is refused, and the others are what they are.
 */
export class Metrics {
  readonly #families: Families;

  constructor(families: Families) {
    this.#families = families;
  }

  /** True when the family has at least one sample; a declaration alone is no data. */
  has(name: string): boolean {
    return this.#families.samples.has(name);
  }

  /** Why the family cannot be used; undefined when nothing of it is at fault. */
  fault(name: string): string | undefined {
    return this.#families.faults.get(name);
  }

  /** What `# TYPE` says of the family; undefined when it has no samples. */
  type(name: string): string | undefined {
    if (!this.has(name)) return undefined;
    const { types } = this.#families;
    // OpenMetrics declares a counter by its name without the suffix of its samples.
    const counter = name.endsWith('_total') && types.get(name.slice(0, -6)) === 'counter';
    return types.get(name) ?? (counter ? 'counter' : 'untyped');
  }

  /** The samples of the family by `seriesKey`; empty without any. */
  bySeries(name: string): ReadonlyMap<string, Sample> {
    return this.#families.samples.get(name) ?? new Map();
  }

  samples(name: string): readonly Sample[] {
    return [...this.bySeries(name).values()];
  }

  /** The value of the series with exactly these labels. */
  series(name: string, labels: Labels = {}): Parsed<number> {
    const fault = this.fault(name);
    if (fault !== undefined) return refused(fault);
    const sample = this.bySeries(name).get(seriesKey(labels));
    if (sample !== undefined) return accepted(sample.value);
    return refused(`the scrape has no series ${seriesText(name, labels)}`);
  }

  /** The sum over all label values of the family. */
  sum(name: string): Parsed<number> {
    const fault = this.fault(name);
    if (fault !== undefined) return refused(fault);
    if (!this.has(name)) return refused(`the scrape has no samples of the family ${quote(name)}`);
    const sum = this.samples(name).reduce((total, sample) => total + sample.value, 0);
    if (this.type(name) !== 'counter' || sum <= Number.MAX_SAFE_INTEGER) return accepted(sum);
    return refused(`the sum of the family ${quote(name)} is beyond 2^53 and not exact`);
  }
}

/** OpenMetrics ends so, with or without a newline. */
const END = '# EOF';

/**
 * Reads a scrape in the Prometheus text format 0.0.4 (docs/agent-contract.md §3) or in OpenMetrics. Own code because the
 * npm parsers keep values as text and take NaN, duplicates and truncated scrapes for data. Refused are a scrape that was cut
 * off, one without a sample, and a line whose family cannot be read, for it may be any.
 */
export function parseMetrics(text: string): Parsed<Metrics> {
  const families: Families = { types: new Map(), samples: new Map(), faults: new Map() };
  let comment: string | undefined;
  let ended = false;
  let number = 0;
  for (let start = 0; start < text.length; ) {
    number += 1;
    const end = text.indexOf('\n', start);
    const whole = text.slice(start, end === -1 ? text.length : end).trimEnd();
    const line = whole.trimStart();
    if (end === -1 && line !== END) {
      return refused(
        `the scrape is cut off: expected a newline at the end, saw ${quote(line)} at line ${number}`,
      );
    }
    start = end === -1 ? text.length : end + 1;
    if (line === '') continue;
    if (line.startsWith('#')) comment ??= line;
    const fault = ended ? AFTER_THE_END : takeLine(line, families);
    ended ||= line === END;
    if (fault === undefined) continue;
    const column = whole.length - line.length + fault.offset + 1;
    const words = `metrics: expected ${fault.expected}, saw ${quote(line.slice(fault.offset))} at line ${number}, column ${column}`;
    if (fault.family === undefined) return refused(words);
    if (!families.faults.has(fault.family)) families.faults.set(fault.family, words);
  }
  if (families.samples.size > 0) return accepted(new Metrics(families));
  const [first] = families.faults.values();
  if (first !== undefined) return refused(first);
  const seen = comment === undefined ? `${quote(text)}` : `only comments, first ${quote(comment)}`;
  return refused(`the answer holds no metrics: expected at least one, saw ${seen} at line 1`);
}

const AFTER_THE_END: LineFault = { expected: `nothing after ${END}`, offset: 0 };

const takeLine = (line: string, families: Families) =>
  line.startsWith('#') ? takeType(line, families) : takeSample(line, families);

/** A declaration that names no family declares nothing. */
function takeType(line: string, { types, samples }: Families): LineFault | undefined {
  const [, family, type = ''] = /^# TYPE[ \t]+(\S+)[ \t]*(.*)$/.exec(line) ?? [];
  if (family === undefined || take(METRIC_NAME, family, 0) !== family) return undefined;
  const offset = 0;
  if (!TYPES.includes(type)) {
    const expected = '`# TYPE <name> <counter|gauge|histogram|summary|untyped|…>`';
    return { expected, offset, family };
  }
  if (types.has(family)) return { expected: `one # TYPE of ${family}`, offset, family };
  if (samples.has(family))
    return { expected: `# TYPE of ${family} before its samples`, offset, family };
  types.set(family, type);
  return undefined;
}

function takeSample(line: string, { types, samples }: Families): LineFault | undefined {
  const sample = parseSample(line);
  if ('expected' in sample) return sample;
  const { name: family, labels, value } = sample;
  const series = samples.get(family) ?? new Map<string, Sample>();
  const key = seriesKey(labels);
  const known = series.get(key);
  if (known !== undefined) {
    return { expected: `the series once (it was ${known.value} before)`, offset: 0, family };
  }
  if (types.get(family) === 'counter' && (value < 0 || value > Number.MAX_SAFE_INTEGER)) {
    const offset = line.length - (line.split(/[ \t]/).at(-1) ?? '').length;
    return { expected: 'a counter from 0 to 2^53 - 1', offset, family };
  }
  samples.set(family, series.set(key, sample));
  return undefined;
}
