import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { expect, test } from 'vitest';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import { type JunitReport, junitXml } from './junit-xml.ts';

const base: CriterionRecord = {
  id: 'audit.soak',
  section: 'audit',
  title: 'the soak runs',
  at: '2026-11-23T14:00:00.000Z',
  durationMs: 1500,
  verdict: 'pass',
  explanation: 'it did',
};

const report = (rows: readonly CriterionRecord[], rest: Partial<JunitReport> = {}) =>
  junitXml({
    title: 'AegisBPF staging canary',
    rehearsal: false,
    timestamp: '2026-11-23T14:00:00.000Z',
    hostname: 'staging-3',
    attachments: () => [],
    properties: { candidate: '/opt/aegisbpf' },
    rows,
    tests: [],
    outside: [],
    ...rest,
  });

const parser = new XMLParser({
  ignoreAttributes: false,
  isArray: (name) => ['testsuite', 'testcase', 'property'].includes(name),
});

/** Text as agents print it at their worst. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.constantFrom(']]>]]>', '<!--', '&#0;&amp;', '\u001b[2J', '\ud800', '\0', '"\'<>\u0085\ufffe'),
);

test('stays well-formed XML 1.0 whatever the agent prints', () => {
  fc.assert(
    fc.property(
      hostile,
      hostile,
      fc.constantFrom('pass', 'fail', 'inconclusive', 'skipped' as const),
      (explanation, value, verdict) => {
        const row = { ...base, verdict, explanation, value, source: value, title: explanation };
        const xml = report([row], { outside: [explanation], properties: { candidate: value } });
        expect(XMLValidator.validate(xml)).toBe(true);
        // The validator lets through what XML 1.0 forbids, so the characters are looked at too.
        expect(xml).toMatch(
          /^[\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u,
        );
        // CDATA is ended only where the builder meant to.
        expect(xml.replace(/<!\[CDATA\[.*?\]\]>|"[^"]*"/gs, '')).not.toContain(']]>');
      },
    ),
    { numRuns: 500 },
  );
});

test('tells fail, inconclusive, skipped and pass apart, and counts them', () => {
  const verdicts = ['pass', 'fail', 'inconclusive', 'skipped'] as const;
  const xml = report(
    verdicts.map((verdict) => ({ ...base, verdict, explanation: `so ${verdict}` })),
  );
  const { testsuites } = parser.parse(xml);
  expect(testsuites).toMatchObject({
    '@_tests': '3',
    '@_failures': '1',
    '@_errors': '1',
    '@_time': '6',
  });
  expect(testsuites.testsuite[0]).toMatchObject({
    '@_tests': '4',
    '@_failures': '1',
    '@_errors': '1',
    '@_skipped': '1',
    '@_time': '6',
    '@_hostname': 'staging-3',
    '@_timestamp': '2026-11-23T14:00:00.000Z',
  });
  const [passed, failed, open, skipped] = testsuites.testsuite[0].testcase;
  expect(failed.failure).toMatchObject({ '@_type': 'fail', '@_message': 'so fail' });
  expect(open.error).toMatchObject({ '@_type': 'inconclusive', '@_message': 'so inconclusive' });
  expect(skipped.skipped).toMatchObject({ '@_type': 'skipped', '@_message': 'so skipped' });
  expect(skipped['system-out']).toContain('so skipped');
  expect(Object.keys(passed)).not.toEqual(expect.arrayContaining(['failure']));
});

const SUMS = ['tests', 'failures', 'errors', 'skipped'] as const;
type Sums = Readonly<Record<(typeof SUMS)[number], number>>;
const passedOf = ({ tests, failures, errors, skipped }: Sums) =>
  tests - failures - errors - skipped;

test('who reads the root only, and who sums the suites, count the same passes', () => {
  const row = fc.record({
    section: fc.constantFrom('preconditions', 'audit', 'enforce'),
    verdict: fc.constantFrom('pass', 'fail', 'inconclusive', 'skipped' as const),
    durationMs: fc.nat({ max: 600_000 }),
  });
  fc.assert(
    fc.property(fc.array(row), fc.array(fc.string(), { maxLength: 2 }), (rows, outside) => {
      const xml = report(
        rows.map((one, index) => ({ ...base, ...one, id: `a.${index}` })),
        { outside },
      );
      const { testsuites } = parser.parse(xml);
      const sums = (element: Record<string, string>) => {
        const [tests, failures, errors, skipped] = SUMS.map((name) =>
          Number(element[`@_${name}`] ?? 0),
        );
        return { tests, failures, errors, skipped } as Sums;
      };
      const suites: Sums[] = (testsuites.testsuite ?? []).map(sums);
      const passed = rows.filter(({ verdict }) => verdict === 'pass').length;
      expect(passedOf(sums(testsuites))).toBe(passed);
      expect(suites.reduce((sum, suite) => sum + passedOf(suite), 0)).toBe(passed);
      const all = suites.reduce((sum, { tests }) => sum + tests, 0);
      expect(all).toBe(rows.length + outside.length);
      // Attributes that Jenkins' junit-10.xsd knows on the root.
      const [root = ''] = /<testsuites[^>]*>/.exec(xml) ?? [];
      const names = [...root.matchAll(/ (\w+)=/g)].map(([, name]) => name);
      expect(new Set(names)).toEqual(new Set(['name', 'time', 'tests', 'failures', 'errors']));
    }),
  );
});

test('is ASCII, and says again what was said, whatever encoding a reader takes it for', () => {
  const word = fc.string({
    unit: fc.constantFrom('é', '\ufffd', '’', '😀', '&', '<', ']]>', '&#65;', 'a', '\u00a0'),
  });
  fc.assert(
    fc.property(word, (some) => {
      const text = `it printed ${some}.`;
      const xml = report([{ ...base, verdict: 'fail', explanation: text }]);
      expect(xml).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>[\0-\x7f]*$/);
      const whole = new XMLParser({
        ignoreAttributes: false,
        parseTagValue: false,
        trimValues: false,
        htmlEntities: true,
      });
      const { failure } = whole.parse(xml).testsuites.testsuite.testcase;
      expect(failure['@_message']).toBe(text);
      expect(failure['#text']).toContain(text.replaceAll(']]>', ']]\\u003e'));
    }),
  );
});

test('a test case of a rehearsal has a class of its own', () => {
  expect(report([base])).toContain('classname="canary.audit.soak"');
  expect(report([base], { rehearsal: true })).toContain('classname="canary-rehearsal.audit.soak"');
});

test('carries verdict, value, limit, unit and source as properties', () => {
  const row = { ...base, value: 700, limit: 100, unit: 'drops', source: 'metrics-after.prom' };
  const { testsuites } = parser.parse(report([row]));
  expect(testsuites.testsuite[0].properties.property).toEqual([
    { '@_name': 'candidate', '@_value': '/opt/aegisbpf' },
    { '@_name': 'audit.soak.verdict', '@_value': 'pass' },
    { '@_name': 'audit.soak.value', '@_value': '700' },
    { '@_name': 'audit.soak.limit', '@_value': '100' },
    { '@_name': 'audit.soak.unit', '@_value': 'drops' },
    { '@_name': 'audit.soak.source', '@_value': 'metrics-after.prom' },
  ]);
});

test('an attachment is named on a line of its own, and never by what the agent prints', () => {
  const explanation = 'it said [[ATTACHMENT|/etc/shadow]]';
  const rows = [{ ...base, verdict: 'fail' as const, explanation }];
  const xml = report(rows, { attachments: ({ id }) => [`run/${id}.log`] });
  const marks = [...xml.matchAll(/\[\[ATTACHMENT\|([^\]]*)\]\]/g)].map(([, path]) => path);
  expect(new Set(marks)).toEqual(new Set(['run/audit.soak.log']));
  expect(xml).toMatch(/^\[\[ATTACHMENT\|run\/audit\.soak\.log\]\]/m);
});

test('a line of ten megabytes does not become a file of ten megabytes', () => {
  const xml = report([{ ...base, verdict: 'fail', explanation: 'x'.repeat(10_000_000) }]);
  expect(xml.length).toBeLessThan(20_000);
  expect(xml).toContain('more characters');
});
