import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  alwaysAnswers,
  errorOf,
  propertyRuns,
  sample,
} from '../../../fixtures/examples/property-tools.ts';
import { type Metrics, parseMetrics } from './metrics.ts';

const real = sample('metrics2.prom');

function read(text: string): Metrics {
  const parsed = parseMetrics(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

test('the real scrape is read: values, labels, types', () => {
  const metrics = read(real);
  expect(metrics.series('aegisbpf_blocks_total')).toEqual({ ok: true, value: 3 });
  expect(metrics.series('aegisbpf_map_utilization', { map: 'deny_path' })).toEqual({
    ok: true,
    value: 0.000061,
  });
  expect(metrics.sum('aegisbpf_net_blocks_total')).toEqual({ ok: true, value: 0 });
  expect(metrics.type('aegisbpf_net_rules_total')).toBe('gauge');
  expect(metrics.samples('aegisbpf_runtime_state')).toHaveLength(5);
});

test('what is not there is an error, never 0', () => {
  const metrics = read('# TYPE declared counter\n# TYPE a counter\na{type="x"} 1\n');
  expect(errorOf(metrics.series('absent'))).toBe('the scrape has no series absent');
  expect(errorOf(metrics.series('a'))).toBe('the scrape has no series a');
  expect(errorOf(metrics.series('a', { type: 'y' }))).toBe('the scrape has no series a{type="y"}');
  expect(errorOf(metrics.sum('declared'))).toContain('no samples of the family "declared"');
  expect([metrics.has('declared'), metrics.type('declared')]).toEqual([false, undefined]);
});

test('a scrape of only a comment quotes the comment', () => {
  expect(errorOf(parseMetrics('# metrics unavailable: map \u001b[1m closed\n'))).toBe(
    String.raw`the answer holds no metrics: expected at least one, saw only comments, first "# metrics unavailable: map \u001b[1m closed" at line 1`,
  );
  expect(errorOf(parseMetrics(''))).toContain('saw "" at line 1');
});

test.each([
  ['a 1', 'the scrape is cut off: expected a newline at the end, saw "a 1" at line 1'],
  ['a NaN\n', 'expected a finite number, saw "NaN" at line 1, column 3'],
  ['a +Inf\n', 'expected a finite number'],
  ['a 1e999\n', 'expected a finite number'],
  ['a 0x10\n', 'expected a finite number'],
  ['a 1,5\n', 'expected a finite number'],
  ['a\n', 'expected a blank and a value'],
  ['a \n', 'expected a blank and a value'],
  ['ok 1\n9a 1\n', 'expected a metric name, saw "9a 1" at line 2, column 1'],
  [
    '# TYPE a counter\na -1\n',
    'expected a counter from 0 to 2^53 - 1, saw "-1" at line 2, column 3',
  ],
  ['# TYPE a counter\na 18446744073709551615\n', 'expected a counter from 0 to 2^53 - 1'],
  ['a 1\na 2\n', 'expected the series once (it was 1 before), saw "a 2" at line 2'],
  ['a{x="1",y="2"} 1\na{y="2",x="1"} 1\n', 'expected the series once'],
  ['# TYPE a counter\n# TYPE a gauge\na 1\n', 'expected one # TYPE of a'],
  ['a 1\n# TYPE a counter\n', 'expected # TYPE of a before its samples'],
  ['# TYPE a cuonter\na 1\n', 'expected `# TYPE <name>'],
  ['a{x="1",x="2"} 1\n', 'expected the label x once'],
  ['a{x="1} 1\n', 'expected a closing quote'],
  ['a{x="\\q"} 1\n', 'expected one of'],
  ['a{x="1" y="2"} 1\n', 'expected a comma or }'],
  ['a{x=1} 1\n', 'expected a label value in quotes'],
  ['a{x="1"}\n', 'expected a finite number'],
  ['a 1 2 3\n', 'expected at most a timestamp'],
])('%j is refused with its place', (text, expected) => {
  const parsed = parseMetrics(text);
  expect(errorOf(parsed.ok ? parsed.value.sum('a') : parsed)).toContain(expected);
});

/** Lines of other families, as scrapes of real programs have them. */
const FOREIGN = [
  'x_seconds{quantile="0.99"} NaN',
  'x_bucket{le="+Inf"} +Inf # {trace_id="KOO5S4vxi0o"} 0.67 1520879607.789',
  '# TYPE x unknown',
  '# TYPE x_info info',
  '# UNIT x_seconds seconds',
  'x 1 1520879607.789',
  '{"http.requests",path="/é"} 3',
  'x{"a.label"="1"} -Inf',
  '# TYPE "http.requests" counter',
  '# TYPE x nonsense',
  'x twice 1 2 3',
  'x{broken',
  'x_total 1',
  'x_total 1',
];

test.each(FOREIGN)('%j of a family that nobody asks for is read past', (line) => {
  const metrics = read(`# TYPE a counter\n${line}\na{b="c"} 4\n`);
  expect(metrics.sum('a')).toEqual({ ok: true, value: 4 });
  expect(metrics.type('a')).toBe('counter');
});

test('foreign lines anywhere in the real scrape change nothing of what the agent reports', () => {
  const families = ['aegisbpf_blocks_total', 'aegisbpf_ringbuf_drops_total'];
  const lines = real.trimEnd().split('\n');
  const places = fc.array(fc.tuple(fc.nat({ max: lines.length }), fc.constantFrom(...FOREIGN)), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(places, (inserted) => {
      const mixed = [...lines];
      for (const [at, line] of inserted) mixed.splice(at, 0, line);
      const metrics = read(`${mixed.join('\n')}\n`);
      for (const family of families) {
        expect(metrics.sum(family)).toEqual(read(real).sum(family));
        expect(metrics.type(family)).toBe('counter');
      }
    }),
    propertyRuns(),
  );
});

test('a fault in a family is told to whoever asks for it, and to nobody else', () => {
  const metrics = read('a 1\nb{x="1"} 2\nb{x="2"} NaN\n');
  expect(metrics.sum('a')).toEqual({ ok: true, value: 1 });
  for (const asked of [metrics.sum('b'), metrics.series('b', { x: '1' })])
    expect(errorOf(asked)).toBe(
      'metrics: expected a finite number, saw "NaN" at line 3, column 10',
    );
});

test.each([
  ['a-b 1', 'a blank and a value'],
  ['{x="1"} 1', 'a metric name'],
  ['<html>', 'a metric name'],
])('%j may be of any family, so the scrape is refused', (line, expected) => {
  expect(errorOf(parseMetrics(`a 1\n${line}\n`))).toContain(`expected ${expected}`);
});

test('OpenMetrics is read: its end, exemplars, timestamps, and counters by their suffix', () => {
  const text = '# TYPE a counter\na_total{x="1"} 17 1520879607.789 # {id="#1"} 1 1.5\n# EOF';
  for (const whole of [text, `${text}\n`]) {
    expect(read(whole).sum('a_total')).toEqual({ ok: true, value: 17 });
    expect(read(whole).type('a_total')).toBe('counter');
  }
  expect(errorOf(parseMetrics(`${text}\na_total 1\n`))).toContain('nothing after # EOF');
  expect(errorOf(read('b 1\na 1 # {x} 1\n').sum('a'))).toContain('an exemplar after #');
});

test.each(['unknown', 'info', 'stateset', 'gaugehistogram'] as const)(
  'a judged family of the type %s, which OpenMetrics adds, is read',
  (type) => {
    const metrics = read(`# TYPE a ${type}\na 3\n`);
    expect(metrics.sum('a')).toEqual({ ok: true, value: 3 });
    expect(metrics.type('a')).toBe(type);
  },
);

test('a name in quotes is the same name', () => {
  expect(read('{"a", x="1"} 2\n').series('a', { x: '1' })).toEqual({ ok: true, value: 2 });
  expect(errorOf(parseMetrics('a{"b"} 2\n'))).toContain('expected a metric name');
});

test('a gauge may be negative, and a timestamp may follow', () => {
  const metrics = read('# TYPE g gauge\ng{a="1",} -1.5e1 1795433328000\n');
  expect(metrics.series('g', { a: '1' })).toEqual({ ok: true, value: -15 });
});

test('a sum of counters beyond 2^53 is not given as if it were exact', () => {
  const half = Number.MAX_SAFE_INTEGER;
  const metrics = read(`# TYPE a counter\na{x="1"} ${half}\na{x="2"} ${half}\n`);
  expect(errorOf(metrics.sum('a'))).toContain('not exact');
});

test('whatever series are written are read back, whatever their labels hold', () => {
  const escaped = (value: string) =>
    value.replace(/[\\"\n]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`));
  const labels = fc.dictionary(
    fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}$/),
    fc.string({ unit: 'binary' }).filter((value) => value === value.trim()),
    { maxKeys: 3, noNullPrototype: true },
  );
  const series = fc.uniqueArray(fc.tuple(labels, fc.nat()), {
    minLength: 1,
    maxLength: 8,
    selector: ([pairs]) => JSON.stringify(Object.entries(pairs).sort()),
  });
  fc.assert(
    fc.property(series, (all) => {
      const lines = all.map(([pairs, value]) => {
        const inside = Object.entries(pairs).map(([key, text]) => `${key}="${escaped(text)}"`);
        return `a{${inside.join(',')}} ${value}\n`;
      });
      const metrics = read(`# TYPE a counter\n${lines.join('')}`);
      for (const [pairs, value] of all) {
        expect(metrics.series('a', pairs)).toEqual({ ok: true, value });
      }
      expect(metrics.samples('a')).toHaveLength(all.length);
    }),
    propertyRuns(),
  );
});

test('a scrape cut anywhere but at a line end is refused', () => {
  fc.assert(
    fc.property(fc.nat({ max: real.length - 1 }), (end) => {
      const cut = real.slice(0, end);
      if (!cut.endsWith('\n')) expect(parseMetrics(cut).ok).toBe(false);
    }),
    propertyRuns(),
  );
});

test('no text and no damage makes it throw', () => {
  alwaysAnswers((text) => errorOf(parseMetrics(text)), real);
});
