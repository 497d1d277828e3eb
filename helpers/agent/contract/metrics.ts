import { type LineFault, METRIC_NAME, parseSample, type Sample, take } from './exposition.ts';
import { accepted, type Parsed, quote, refused } from './parsed.ts';
import { type Labels, seriesKey, seriesText } from './series.ts';

export { type CounterDelta, counterDelta } from './counter-delta.ts';
export type { Sample } from './exposition.ts';
export type { Labels } from './series.ts';

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';
const TYPES: readonly string[] = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];

/** One scrape. A family or series that is not there is said so, and is never 0. */
export class Metrics {
  readonly #types: ReadonlyMap<string, MetricType>;
  readonly #families: ReadonlyMap<string, ReadonlyMap<string, Sample>>;

  constructor(
    types: ReadonlyMap<string, MetricType>,
    families: ReadonlyMap<string, ReadonlyMap<string, Sample>>,
  ) {
    this.#types = types;
    this.#families = families;
  }

  /** True when the family has at least one sample; a declaration alone is no data. */
  has(name: string): boolean {
    return this.#families.has(name);
  }

  /** What `# TYPE` says of the family; undefined when it has no samples. */
  type(name: string): MetricType | undefined {
    return this.has(name) ? (this.#types.get(name) ?? 'untyped') : undefined;
  }

  samples(name: string): readonly Sample[] {
    return [...(this.#families.get(name)?.values() ?? [])];
  }

  /** The value of the series with exactly these labels. */
  series(name: string, labels: Labels = {}): Parsed<number> {
    const sample = this.#families.get(name)?.get(seriesKey(labels));
    if (sample !== undefined) return accepted(sample.value);
    return refused(`the scrape has no series ${seriesText(name, labels)}`);
  }

  /** The sum over all label values of the family. */
  sum(name: string): Parsed<number> {
    if (!this.has(name)) return refused(`the scrape has no samples of the family ${quote(name)}`);
    const sum = this.samples(name).reduce((total, sample) => total + sample.value, 0);
    if (this.type(name) !== 'counter' || sum <= Number.MAX_SAFE_INTEGER) return accepted(sum);
    return refused(`the sum of the family ${quote(name)} is beyond 2^53 and not exact`);
  }
}

/**
 * Reads a scrape in the Prometheus text format 0.0.4 (agent-contract.md §3). Own code because the
 * npm parsers keep values as text and take NaN, duplicates and truncated scrapes for data.
 */
export function parseMetrics(text: string): Parsed<Metrics> {
  const types = new Map<string, MetricType>();
  const families = new Map<string, Map<string, Sample>>();
  let comment: string | undefined;
  let number = 0;
  for (let start = 0; start < text.length; ) {
    number += 1;
    const end = text.indexOf('\n', start);
    const whole = text.slice(start, end === -1 ? text.length : end).trimEnd();
    const line = whole.trimStart();
    if (end === -1) {
      return refused(
        `the scrape is cut off: expected a newline at the end, saw ${quote(line)} at line ${number}`,
      );
    }
    start = end + 1;
    if (line.startsWith('#')) comment ??= line;
    const fault = line.startsWith('#')
      ? takeType(line, types, families)
      : takeSample(line, types, families);
    if (fault !== undefined) {
      return refused(
        `metrics: expected ${fault.expected}, saw ${quote(line.slice(fault.offset))} at line ${number}, column ${whole.length - line.length + fault.offset + 1}`,
      );
    }
  }
  if (families.size > 0) return accepted(new Metrics(types, families));
  const seen = comment === undefined ? `${quote(text)}` : `only comments, first ${quote(comment)}`;
  return refused(`the scrape holds no samples: expected at least one, saw ${seen} at line 1`);
}

type Families = Map<string, Map<string, Sample>>;

function takeType(
  line: string,
  types: Map<string, MetricType>,
  families: Families,
): LineFault | undefined {
  const [, keyword, name = '', type = '', ...rest] = line.split(/[ \t]+/, 6);
  if (keyword !== 'TYPE' || !line.startsWith('# ')) return undefined;
  const offset = 0;
  if (
    name === '' ||
    take(METRIC_NAME, name, 0) !== name ||
    rest.length > 0 ||
    !isMetricType(type)
  ) {
    return { expected: '`# TYPE <name> <counter|gauge|histogram|summary|untyped>`', offset };
  }
  if (types.has(name)) return { expected: `one # TYPE of ${name}`, offset };
  if (families.has(name)) return { expected: `# TYPE of ${name} before its samples`, offset };
  types.set(name, type);
  return undefined;
}

function isMetricType(word: string): word is MetricType {
  return TYPES.includes(word);
}

function takeSample(
  line: string,
  types: ReadonlyMap<string, MetricType>,
  families: Families,
): LineFault | undefined {
  if (line === '') return undefined;
  const sample = parseSample(line);
  if ('expected' in sample) return sample;
  const { name, labels, value } = sample;
  const series = families.get(name) ?? new Map<string, Sample>();
  const key = seriesKey(labels);
  const known = series.get(key);
  if (known !== undefined) {
    return { expected: `the series once (it was ${known.value} before)`, offset: 0 };
  }
  if (types.get(name) === 'counter' && (value < 0 || value > Number.MAX_SAFE_INTEGER)) {
    const offset = line.length - (line.split(/[ \t]/).at(-1) ?? '').length;
    return { expected: 'a counter from 0 to 2^53 - 1', offset };
  }
  families.set(name, series.set(key, sample));
  return undefined;
}
