import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import AllureVitestReporter from 'allure-vitest/reporter';
import type { Vitest } from 'vitest/node';
import { readRun } from './records.ts';

/** How Allure sorts what is not a pass: the agent's defects apart from missing evidence. */
const CATEGORIES = [
  {
    name: 'The agent failed a criterion',
    matchedStatuses: ['failed', 'broken'],
    messageRegex: '(?s)^FAIL.*',
  },
  {
    name: 'Evidence is missing (inconclusive)',
    matchedStatuses: ['failed', 'broken'],
    messageRegex: '(?s)^INCONCLUSIVE.*',
  },
  { name: 'Not tried', matchedStatuses: ['skipped'] },
];

/** allure-vitest's reporter, writing beside the other evidence of a run that really began. */
export default class AllureReporter extends AllureVitestReporter {
  readonly #path: string;

  constructor(options: { runDirectory: string }) {
    super({ resultsDir: join(options.runDirectory, 'allure-results') });
    this.#path = options.runDirectory;
  }

  override onInit(vitest: Vitest): void {
    super.onInit(vitest);
  }

  override onTestRunEnd(tests: Parameters<AllureVitestReporter['onTestRunEnd']>[0]): void {
    const run = readRun(this.#path);
    if (run === undefined || !existsSync(this.#path)) return;
    super.onTestRunEnd(tests);
    const results = join(this.#path, 'allure-results');
    mkdirSync(results, { recursive: true, mode: 0o750 });
    const environment = {
      Candidate: run.candidatePath,
      SHA256: run.candidateSha256 ?? 'unknown',
      Kernel: run.kernel.value ?? 'unknown',
      Host: run.hostname,
      Rehearsal: run.rehearsal.join('; ') || 'no',
    };
    const lines = Object.entries(environment).map(
      ([name, value]) => `${name} = ${value.replaceAll('\n', ' ')}`,
    );
    writeFileSync(join(results, 'environment.properties'), `${lines.join('\n')}\n`, {
      mode: 0o640,
    });
    writeFileSync(join(results, 'categories.json'), JSON.stringify(CATEGORIES), { mode: 0o640 });
  }
}
