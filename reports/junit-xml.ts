import junitModule, { type Builder, type TestSuite } from 'junit-report-builder';
import type { CriterionRecord } from '../helpers/evidence/run-directory.ts';
import { SECTION_TITLES, type Section } from '../helpers/evidence/runbook.ts';
import { capped, cdataText, xmlText } from './clean-text.ts';
import { recordText } from './record-text.ts';

// The package is CommonJS: its builder is the module itself, which its type declarations do not say.
const junit = junitModule as unknown as Builder;

/** CI pages show the message attribute in one line; the whole text is in the element's body. */
const MAX_MESSAGE = 1000;

/** What `junit.xml` is made of. */
export interface JunitReport {
  readonly title: string;
  readonly timestamp: string;
  /** Of the run as a whole, on every suite: candidate, host, knobs. */
  readonly properties: Readonly<Record<string, string>>;
  /** One for each criterion of the runbook, in its order. */
  readonly rows: readonly CriterionRecord[];
  /** Errors that belong to no criterion. */
  readonly outside: readonly string[];
}

/** One suite per section of the runbook, one test case per criterion. */
export function junitXml(report: JunitReport): string {
  const builder = junit.newBuilder().name(xmlText(report.title));
  for (const [section, rows] of Map.groupBy(report.rows, (row) => row.section)) {
    const title = SECTION_TITLES[section as Section] ?? section;
    const suite = addSuite(builder, report, title);
    suite.time(rows.reduce((sum, row) => sum + row.durationMs, 0) / 1000);
    for (const row of rows) addCriterion(suite, row);
  }
  if (report.outside.length > 0) {
    const suite = addSuite(builder, report, 'Errors outside of tests');
    for (const error of report.outside) {
      const text = xmlText(capped(error, MAX_MESSAGE));
      suite
        .testCase()
        .name(text.slice(0, 200))
        .className('canary')
        .error(text, 'inconclusive', cdataText(text));
    }
  }
  return builder.build();
}

function addSuite(builder: Builder, report: JunitReport, section: string): TestSuite {
  const suite = builder.testSuite().name(xmlText(`${report.title} › ${section}`));
  suite.timestamp(report.timestamp);
  for (const [name, value] of Object.entries(report.properties))
    suite.property(name, xmlText(capped(value, MAX_MESSAGE)));
  return suite;
}

function addCriterion(suite: TestSuite, row: CriterionRecord): void {
  const testCase = suite
    .testCase()
    .className(xmlText(`canary.${row.id}`))
    .name(xmlText(row.title))
    .time(row.durationMs / 1000)
    .property('verdict', row.verdict);
  for (const name of ['value', 'limit', 'unit', 'source'] as const) {
    const value = row[name];
    if (value !== undefined) testCase.property(name, xmlText(capped(String(value), MAX_MESSAGE)));
  }
  const message = xmlText(capped(row.explanation, MAX_MESSAGE));
  const text = cdataText(recordText(row));
  if (row.verdict === 'fail') testCase.failure(message, 'fail').stacktrace(text);
  if (row.verdict === 'inconclusive') testCase.error(message, 'inconclusive', text);
  // The builder's <skipped> takes no message: the reason is in the test case's output.
  if (row.verdict === 'skipped') testCase.skipped();
  testCase.standardOutput(text);
}
