import junitModule, { type Builder, type TestCase, type TestSuite } from 'junit-report-builder';
import { sectionTitle } from '../helpers/criteria/catalogue.ts';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import type { RunVerdict } from '../helpers/evidence/verdict.ts';
import type { PlainTest } from '../helpers/evidence/vitest-record.ts';
import { asciiXml, capped, cdataText, xmlText } from './clean-text.ts';
import { recordText } from './record-text.ts';

// The package is CommonJS: its builder is the module itself, which its type declarations do not say.
const junit = junitModule as unknown as Builder;

/** CI pages show the message attribute in one line; the whole text is in the element's body. */
const MAX_MESSAGE = 1000;

/** What `junit.xml` is made of. */
export interface JunitReport extends Pick<RunVerdict, 'rows' | 'tests'> {
  readonly title: string;
  /** A rehearsal's test cases are told from a real run's even where a CI server shows nothing else. */
  readonly rehearsal: boolean;
  readonly timestamp: string;
  readonly hostname: string;
  /** Of the run as a whole, on every suite: candidate, host, knobs. */
  readonly properties: Readonly<Record<string, string>>;
  /** Paths of the evidence of a criterion. */
  readonly attachments: (record: CriterionRecord) => readonly string[];
  /** Errors that belong to no criterion. */
  readonly outside: readonly string[];
}

/** One suite per section of the runbook, one test case per criterion. */
export function junitXml(report: JunitReport): string {
  const builder = junit.newBuilder().name(xmlText(report.title));
  for (const [section, rows] of Map.groupBy(report.rows, (row) => row.section)) {
    const suite = addSuite(builder, report, sectionTitle(section)).time(seconds(rows));
    for (const row of rows) {
      addFigures(suite, row);
      addCriterion(suite, row, report);
    }
  }
  if (report.tests.length > 0) {
    const suite = addSuite(builder, report, 'Tests that are no criteria');
    for (const test of report.tests) addPlainTest(suite, test, report);
  }
  if (report.outside.length > 0) {
    const suite = addSuite(builder, report, 'Errors outside of tests');
    for (const error of report.outside) {
      const text = xmlText(capped(error, MAX_MESSAGE));
      addCase(suite, report, text.slice(0, 200)).error(text, 'inconclusive', cdataText(text));
    }
  }
  return asciiXml(withTotals(builder.build(), report.rows));
}

/** One suite of all criteria, as a piece of a document of many: `tests` counts all, `skipped` is beside it. */
export function suiteXml(report: JunitReport, name: string): string {
  const builder = junit.newBuilder();
  const suite = addSuite(builder, report, name);
  for (const row of report.rows) addCriterion(suite, row, report);
  for (const error of report.outside) {
    const text = withoutMarks(xmlText(capped(error, MAX_MESSAGE)));
    addCase(suite, report, text.slice(0, 200)).error(text, 'inconclusive', cdataText(text));
  }
  const [piece] = /<testsuite\b.*<\/testsuite>/s.exec(asciiXml(builder.build())) ?? [];
  if (piece === undefined) throw new Error('junit-report-builder wrote no suite');
  return piece;
}

/**
 * Sums on the root for who reads nothing below it. Jenkins' schema knows no `skipped` there, so a reader would take all
 * that is no failure for passed: `tests` on the root counts what was judged, and each suite all that it has.
 */
function withTotals(xml: string, rows: readonly CriterionRecord[]): string {
  const root = /(<testsuites\b[^<>]*?) tests="(\d+)"([^<>]*?) skipped="(\d+)"/;
  return xml.replace(root, (_, before: string, all: string, between: string, skipped: string) => {
    const judged = Number(all) - Number(skipped);
    return `${before} tests="${judged}"${between} time="${seconds(rows)}"`;
  });
}

const seconds = (rows: readonly CriterionRecord[]) =>
  rows.reduce((sum, row) => sum + row.durationMs, 0) / 1000;

function addSuite(builder: Builder, report: JunitReport, section: string): TestSuite {
  const suite = builder.testSuite().name(xmlText(`${report.title} › ${section}`));
  suite.timestamp(report.timestamp);
  // The builder knows no host name; its element does.
  const build = suite.build.bind(suite);
  suite.build = (parent) => build(parent).att('hostname', xmlText(report.hostname));
  for (const [name, value] of Object.entries(report.properties))
    suite.property(name, xmlText(capped(value, MAX_MESSAGE)));
  return suite;
}

/** Figures of a criterion. On the suite, because Jenkins' schema has no properties in a test case. */
function addFigures(suite: TestSuite, row: CriterionRecord): void {
  for (const name of ['verdict', 'value', 'limit', 'unit', 'source'] as const) {
    const value = row[name];
    if (value === undefined) continue;
    suite.property(xmlText(`${row.id}.${name}`), xmlText(capped(String(value), MAX_MESSAGE)));
  }
}

/** CI servers publish the file that such a mark names: only our own lines may carry one. */
const withoutMarks = (text: string) => text.replaceAll('[[ATTACHMENT', '[\\u005bATTACHMENT');

/** @param of what the case belongs to, below the canary. */
function addCase(suite: TestSuite, { rehearsal }: JunitReport, name: string, of = ''): TestCase {
  const className = `${rehearsal ? 'canary-rehearsal' : 'canary'}${of === '' ? '' : `.${of}`}`;
  return suite.testCase().className(xmlText(className)).name(xmlText(name));
}

/** The builder's <skipped> takes no reason; its element does. */
function skip(testCase: TestCase, reason: string): void {
  testCase.skipped();
  const build = testCase.build.bind(testCase);
  testCase.build = (parent) => {
    const element = build(parent);
    const skipped = element.children.find((child) => 'name' in child && child.name === 'skipped');
    if (skipped === undefined) throw new Error('junit-report-builder wrote no <skipped>');
    (skipped as typeof element).att('type', 'skipped').att('message', reason);
    return element;
  };
}

/** A test of somebody else's: what did not pass is never a green line. */
function addPlainTest(suite: TestSuite, test: PlainTest, report: JunitReport): void {
  const testCase = addCase(suite, report, capped(test.name, 200), test.spec);
  const message = withoutMarks(xmlText(capped(test.message ?? test.state, MAX_MESSAGE)));
  if (test.state === 'failed') testCase.failure(message, 'fail');
  if (test.state === 'not run') testCase.error(message, 'inconclusive');
}

function addCriterion(suite: TestSuite, row: CriterionRecord, report: JunitReport): void {
  const testCase = addCase(suite, report, row.title, row.id).time(row.durationMs / 1000);
  const message = withoutMarks(xmlText(capped(row.explanation, MAX_MESSAGE)));
  const text = withoutMarks(cdataText(recordText(row)));
  if (row.verdict === 'fail') testCase.failure(message, 'fail').stacktrace(text);
  if (row.verdict === 'inconclusive') testCase.error(message, 'inconclusive', text);
  if (row.verdict === 'skipped') skip(testCase, message);
  const marks = report.attachments(row).map((path) => `[[ATTACHMENT|${cdataText(path)}]]`);
  testCase.standardOutput([text, ...marks].join('\n'));
}
