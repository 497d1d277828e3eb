import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import junitModule, { type Builder, type TestSuite } from 'junit-report-builder';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { SECTION_TITLES, type Section } from '../helpers/evidence/runbook.ts';
import { xmlText } from './clean-text.ts';
import { type JudgedTest, judgedTests, readRun } from './records.ts';

// The package is CommonJS: its builder is the module itself, which its type declarations do not say.
const junit = junitModule as unknown as Builder;

/** Writes `junit.xml`: one suite per section of the runbook, one test case per criterion. */
export default class JunitReporter implements Reporter {
  readonly #path: string;

  constructor(options: { runDirectory: string }) {
    this.#path = options.runDirectory;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const run = readRun(this.#path);
    if (run === undefined) return;
    const builder = junit.newBuilder();
    const title =
      run.rehearsal.length > 0 ? 'AegisBPF staging canary (REHEARSAL)' : 'AegisBPF staging canary';
    const properties = {
      candidate: run.candidatePath,
      candidateSha256: run.candidateSha256 ?? 'unknown',
      hostname: run.hostname,
      kernel: run.kernel.value ?? 'unknown',
      rehearsal: run.rehearsal.join('; ') || 'no',
      ...Object.fromEntries(
        Object.entries(run.settings).map(([name, value]) => [name, String(value)]),
      ),
    };
    for (const [section, tests] of bySection(judgedTests(modules))) {
      const suite = builder
        .testSuite()
        .name(xmlText(`${title} › ${section}`))
        .timestamp(run.startedAt);
      for (const [name, value] of Object.entries(properties)) suite.property(name, xmlText(value));
      for (const test of tests) addTestCase(suite, section, test);
    }
    if (errors.length > 0) {
      const suite = builder.testSuite().name(`${title} › Errors outside of tests`);
      for (const error of errors) {
        suite
          .testCase()
          .name(xmlText(error.message.slice(0, 200)))
          .className('canary')
          .error(xmlText(error.message));
      }
    }
    writeFileSync(join(this.#path, 'junit.xml'), builder.build(), { mode: 0o640 });
  }
}

function bySection(tests: readonly JudgedTest[]): Map<string, JudgedTest[]> {
  const sections = new Map<string, JudgedTest[]>();
  for (const judged of tests) {
    const name = judged.record?.section as Section | undefined;
    const title =
      name === undefined
        ? judged.test.parent.type === 'suite'
          ? judged.test.parent.name
          : 'Other'
        : SECTION_TITLES[name];
    sections.set(title, [...(sections.get(title) ?? []), judged]);
  }
  return sections;
}

function addTestCase(suite: TestSuite, section: string, { test, record }: JudgedTest): void {
  const testCase = suite
    .testCase()
    .className(xmlText(`canary.${record?.section ?? section}`))
    .name(xmlText(test.name))
    .time((record?.durationMs ?? 0) / 1000);
  if (record === undefined) {
    const why = test.result().errors?.[0]?.message ?? 'the test did not run to its end';
    // A test that was filtered out has no verdict, and no verdict is not a pass.
    if (test.result().state === 'skipped') testCase.skipped();
    else testCase.error(xmlText(why), 'inconclusive');
    return;
  }
  testCase.property('verdict', record.verdict);
  for (const name of ['value', 'limit', 'unit', 'source'] as const) {
    const value = record[name];
    if (value !== undefined) testCase.property(name, xmlText(String(value)));
  }
  const text = xmlText(record.explanation);
  if (record.verdict === 'fail') testCase.failure(text, 'fail');
  else if (record.verdict === 'inconclusive') testCase.error(text, 'inconclusive');
  else if (record.verdict === 'skipped') testCase.skipped();
  testCase.standardOutput(text);
}
