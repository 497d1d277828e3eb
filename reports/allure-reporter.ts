import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Status, type TestResult } from 'allure-js-commons';
import type { LifecycleListener } from 'allure-js-commons/sdk/reporter';
import AllureVitestReporter from 'allure-vitest/reporter';
import type { TestModule, Vitest } from 'vitest/node';
import { type CriterionRecord, RunDirectory } from '../helpers/evidence/run-directory.ts';
import { type RunRecord, readRunRecord } from '../helpers/evidence/run-record.ts';
import { type RunVerdict, runVerdict } from '../helpers/evidence/verdict.ts';
import { allureMessages } from './allure-messages.ts';
import { capped, oneLine, xmlText } from './clean-text.ts';
import { recordText } from './record-text.ts';
import { askedNames, testsOf } from './records.ts';
import { reportStep } from './report-step.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Read by allure-vitest: what a test tells the report (`RuntimeMessage[]`). */
    allureRuntimeMessages?: unknown[];
    /** Read by allure-vitest: leaves the test out of the report. */
    allureSkip?: boolean;
  }
}

const STATUSES = {
  pass: Status.PASSED,
  fail: Status.FAILED,
  // Allure's word for a test that could not judge, in a colour of its own.
  inconclusive: Status.BROKEN,
  skipped: Status.SKIPPED,
};

/** allure-vitest guesses a status from an error's words; a criterion's verdict is known. */
function statusByVerdict(records: ReadonlyMap<string, CriterionRecord>): LifecycleListener {
  return {
    beforeTestResultWrite: (result: TestResult) => {
      const id = result.labels.find(({ name }) => name === 'criterion')?.value;
      const record = id === undefined ? undefined : records.get(id);
      if (record === undefined) {
        const message = xmlText(capped(result.statusDetails.message ?? 'not judged', 4000));
        result.statusDetails = { message };
        return;
      }
      // A pass that a hook broke afterwards keeps the failure that vitest saw.
      if (record.verdict === 'pass' && result.status !== Status.PASSED) return;
      result.status = STATUSES[record.verdict];
      result.statusDetails =
        record.verdict === 'pass' ? {} : { message: xmlText(recordText(record)) };
    },
  };
}

/** What the page's environment table says of the run as a whole. */
function environment(run: RunRecord, verdict: RunVerdict): string {
  const ticket = run.settings.CHANGE_TICKET;
  const errors = [...verdict.errors, ...verdict.unwritten];
  const rows = {
    Status: verdict.status,
    ...Object.fromEntries(errors.map((error, index) => [`Error\\ ${index + 1}`, error])),
    Rehearsal: run.rehearsal.join('; ') || 'no',
    Phases: askedNames(run.asked).join(', '),
    Candidate: run.candidatePath,
    Version: run.candidateVersion ?? 'not told',
    'SHA-256': run.candidateSha256 ?? 'unknown',
    ...Object.fromEntries(
      (run.bpfObjects ?? []).map(({ sha256 }) => ['BPF\\ object\\ SHA-256', sha256]),
    ),
    Kernel: run.kernel.value ?? 'unknown',
    Host: run.hostname,
    Started: run.startedAt,
    ...(typeof ticket === 'string' ? { 'Change\\ ticket': ticket } : {}),
  };
  return Object.entries(rows)
    .map(([name, value]) => `${name} = ${oneLine(value).replaceAll('\\', '\\\\')}\n`)
    .join('');
}

/** allure-vitest's reporter, writing beside the other evidence of a run that really began. */
export default class AllureReporter extends AllureVitestReporter {
  readonly #path: string;
  readonly #records: Map<string, CriterionRecord>;

  constructor(options: { runDirectory: string }) {
    const records = new Map<string, CriterionRecord>();
    const resultsDir = join(options.runDirectory, 'allure-results');
    super({ resultsDir, listeners: [statusByVerdict(records)] });
    this.#path = options.runDirectory;
    this.#records = records;
  }

  /**
   * Without its part in the process of the specs: everything that it would gather there is told by the run's records,
   * it costs as much as loading all specs, and a test plan in the environment would leave steps out.
   */
  override onInit(vitest: Vitest): void {
    const withoutSpecs: Vitest = Object.create(vitest, { projects: { value: [] } });
    super.onInit(withoutSpecs);
  }

  override onTestRunEnd(modules: readonly TestModule[]): void {
    const directory = new RunDirectory(this.#path);
    const run = readRunRecord(directory);
    if (run === undefined) return;
    reportStep(this.#path, 'allure-results', () => this.#write(run, directory, modules));
  }

  #write(run: RunRecord, directory: RunDirectory, modules: readonly TestModule[]): void {
    const known = directory.criteria();
    const attached = new Set<string>();
    for (const test of testsOf(modules)) {
      const meta = test.meta();
      const record = meta.criterion;
      if (record === undefined) continue;
      // A run that is judged again leaves out what it did not judge: the first verdict stands.
      if (record.verdict === 'skipped' && known.get(record.id)?.at !== record.at) {
        meta.allureSkip = true;
        continue;
      }
      this.#records.set(record.id, record);
      meta.allureRuntimeMessages = [
        ...(meta.allureRuntimeMessages ?? []),
        ...allureMessages(record, run, this.#path, attached),
      ];
    }
    super.onTestRunEnd(modules);
    const results = join(this.#path, 'allure-results');
    mkdirSync(results, { recursive: true, mode: 0o750 });
    const properties = environment(run, runVerdict(directory, run));
    writeFileSync(join(results, 'environment.properties'), properties, { mode: 0o640 });
  }
}
