import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';
import { KeptFiles } from '../helpers/evidence/kept-files.ts';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { readRunRecord } from '../helpers/evidence/run-record.ts';
import { recordOfVitest, type VitestLine } from '../helpers/evidence/vitest-record.ts';
import { type OomCount, oomKilled, oomKills } from '../helpers/host/oom-kills.ts';
import { oneLine } from './clean-text.ts';
import { testsOf } from './records.ts';

/** vitest's words for a worker that ended by itself stand in the cause of its error. */
const WORKER_ENDED =
  /^Worker exited unexpectedly (?:with (.*?) )?during .*? state(?: while running test files? (.*))?$/;

const message = (error: { readonly message?: unknown } | undefined) =>
  oneLine(String(error?.message ?? 'it gave no reason'));

/**
 * In words what broke: of a worker that was killed the signal, where, and whether the kernel lacked memory.
 * @param running the spec that began last; vitest itself names all that the worker was given.
 */
export function errorText(
  error: SerializedError,
  oom: string | undefined,
  running?: string,
): string {
  const cause = error.cause === undefined ? '' : message(error.cause);
  const [ended, how = 'without a word', files = 'no spec'] = WORKER_ENDED.exec(cause) ?? [];
  if (ended === undefined) return cause === '' ? message(error) : `${message(error)} (${cause})`;
  const killed = how
    .replace(/^signal (\S+)$/, 'was killed by $1')
    .replace(/^exit/, 'ended with exit');
  return `a worker process of this suite ${killed} while it ran ${running ?? files}${oom === undefined ? '' : `; ${oom}`}`;
}

/** The result of a test that is no criterion. */
function plain(test: TestCase): VitestLine {
  const { state, errors } = test.result();
  return {
    kind: 'test',
    spec: test.module.relativeModuleId,
    name: oneLine(test.fullName),
    state: state === 'passed' || state === 'failed' ? state : 'not run',
    message: errors?.[0] && message(errors[0]),
  };
}

/** A criterion that broke where its record could not say so: before it was judged, or behind its verdict. */
function brokenCriterion(test: TestCase): VitestLine[] {
  const { criterion } = test.meta();
  const { state, errors } = test.result();
  if (state !== 'failed') return [];
  const why = message(errors?.[0]);
  if (criterion === undefined)
    return [{ kind: 'error', message: `"${test.name}" broke before it was judged: ${why}` }];
  if (criterion.verdict === 'fail' || criterion.verdict === 'inconclusive') return [];
  return [{ kind: 'error', message: `"${test.name}" ended as ${criterion.verdict}, then: ${why}` }];
}

/** Specs of a team's own that a filter kept from running: no verdict misses criteria that nobody declared. */
function leftOut(path: string, modules: readonly TestModule[]): string[] {
  const ran = new Set(modules.map(({ moduleId }) => moduleId));
  const own = readRunRecord(new RunDirectory(path))?.ownSpecs ?? [];
  return (
    own
      // What is judged during a soak is part of the runbook's own spec.
      .filter((spec) => spec.during === undefined && !ran.has(spec.path))
      .map((spec) => `${spec.path} was left out; use \`npx vitest run canary\``)
  );
}

/** What only vitest knows of, kept on disk before the reports are written: every one of them counts it. */
export default class OutsideReporter implements Reporter {
  readonly #path: string;
  readonly #oomBefore: readonly OomCount[] = oomKills();

  /** True when a finished run is judged again: the next judging takes back what breaks in this one. */
  readonly #again: boolean;

  constructor(options: { runDirectory: string; again: boolean }) {
    this.#path = options.runDirectory;
    this.#again = options.again;
  }

  /** The spec that began last. */
  #running: string | undefined;

  /** What the run has made so far is held from its first spec on. */
  #kept: Pick<KeptFiles, 'lost'> | undefined;

  onTestModuleQueued(module: TestModule): void {
    this.#kept ??= KeptFiles.hold(this.#path);
    this.#running = module.relativeModuleId;
  }

  onTestModuleCollected(module: TestModule): void {
    if (!this.#began()) return;
    for (const test of module.children.allTests()) {
      const { declared } = test.meta();
      if (declared !== undefined)
        this.#record({ kind: 'criterion', ...declared, spec: module.relativeModuleId });
    }
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    if (!this.#began()) return;
    const oom = oomKilled(this.#oomBefore, oomKills());
    const inModules = modules.flatMap((module) => [
      ...module.errors(),
      ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
    ]);
    for (const error of [...errors, ...inModules])
      this.#record({ kind: 'error', message: errorText(error, oom, this.#running) });
    for (const message of this.#kept?.lost() ?? []) this.#record({ kind: 'error', message });
    for (const message of this.#again ? [] : leftOut(this.#path, modules))
      this.#record({ kind: 'error', message });
    for (const test of testsOf(modules)) {
      const lines = test.meta().declared === undefined ? [plain(test)] : brokenCriterion(test);
      for (const line of lines) this.#record(line);
    }
  }

  readonly #began = () => readRunRecord(new RunDirectory(this.#path)) !== undefined;

  #record(line: VitestLine): void {
    const again = this.#again && line.kind !== 'criterion';
    recordOfVitest(this.#path, again ? { ...line, again } : line);
  }
}
