import { join } from 'node:path';
import { styleText } from 'node:util';
import type { Reporter, SerializedError, TestCase, TestModule, Vitest } from 'vitest/node';
import { z } from 'zod';
import { RunDirectory } from '../helpers/evidence/run-directory.ts';
import { readRunRecord } from '../helpers/evidence/run-record.ts';
import { jsonOf } from '../helpers/files/ndjson.ts';
import { NewLines } from './new-lines.ts';
import { criteriaText } from './records.ts';
import { SampleTail } from './sample-tail.ts';
import { clock, soakLine } from './soak-line.ts';

const TICK_MS = 1000;
/** In a log that nobody watches, a line now and then shows that the run is alive. */
const LOG_EVERY_MS = 30_000;
const CLEAR_LINE = '\r\u001b[2K';
const PHASES = ['audit', 'enforce'] as const;
/** What is read of a block of the cost phase: its number from 1 on, and how many there will be. */
const costBlock = z.object({ block: z.number(), of: z.number() });

const COLOURS = {
  passed: 'green',
  failed: 'red',
  inconclusive: 'yellow',
  'not run': 'dim',
} as const;
type Outcome = keyof typeof COLOURS;
const OUTCOMES = Object.keys(COLOURS) as Outcome[];

/** How far one section of the runbook is. */
interface Section {
  readonly title: string;
  readonly total: number;
  readonly ended: Record<Outcome, number>;
  /** Why criteria were not run, and how many. */
  readonly reasons: Map<string, number>;
  beganMs: number | undefined;
}

function outcomeOf(test: TestCase): Outcome {
  const { state } = test.result();
  if (state === 'passed') return 'passed';
  if (state !== 'failed') return 'not run';
  return test.meta().criterion?.verdict === 'inconclusive' ? 'inconclusive' : 'failed';
}

/** The section that a test belongs to: its outermost `describe`, or its spec where it has none. */
function sectionOf(test: TestCase): string {
  let at: TestCase['parent'] = test.parent;
  while (at.type === 'suite' && at.parent.type === 'suite') at = at.parent;
  return at.type === 'suite' ? at.name : at.relativeModuleId;
}

const judged = ({ ended }: Section) => OUTCOMES.reduce((sum, outcome) => sum + ended[outcome], 0);

/** ` Phase 1: audit canary        20 passed, 1 failed, 3 not run    00:41` */
function sectionLine(section: Section): string {
  const counts = OUTCOMES.filter((outcome) => section.ended[outcome] > 0).map((outcome) =>
    styleText(COLOURS[outcome], `${section.ended[outcome]} ${outcome}`),
  );
  const missing = section.total - judged(section);
  if (missing > 0) counts.push(styleText('red', `${missing} never ended`));
  const began = section.beganMs ?? performance.now();
  return ` ${clock((performance.now() - began) / 1000).padStart(7)}  ${section.title.padEnd(28)} ${counts.join(', ')}\n`;
}

/** Why most of sections that were not run at all were not, each reason once. */
function notRun(sections: readonly Section[]): string[] {
  const reasons = new Map<string, Section[]>();
  for (const section of sections) {
    const [reason = ''] = [...section.reasons].sort(([, a], [, b]) => b - a)[0] ?? [];
    reasons.set(reason, [...(reasons.get(reason) ?? []), section]);
  }
  return [...reasons].map(([reason, of]) => {
    const count = of.reduce((sum, { total }) => sum + total, 0);
    return ` not run  ${of.map(({ title }) => title).join(', ')} (${criteriaText(count)}): ${reason}\n`;
  });
}

/**
 * How the runbook goes: a line for each section that ended, and meanwhile where it is and how its soak goes: one
 * line rewritten each second on a terminal, one line each half minute in a log. Failures stand in the final
 * status, once; what breaks outside of every criterion is printed here with its place in the source.
 * First in the list of reporters, so that its line is gone before others write.
 */
export default class RunbookProgress implements Reporter {
  readonly #path: string;
  readonly #terminal: boolean;
  readonly #tails: ReadonlyMap<(typeof PHASES)[number], SampleTail>;
  readonly #costBlocks: NewLines;
  readonly #sections = new Map<string, Section>();
  #vitest: Vitest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOnScreen = false;
  /** Milliseconds of the soak, and of the clock, when the last line went to the log. */
  #loggedMs = { soak: 0, clock: performance.now() };
  #durationSeconds: number | undefined;
  #now: { section: Section; title: string; beganMs: number } | undefined;
  /** The criterion that runs now writes samples, and their line tells more than its title. */
  #soaks = false;
  /** How far that criterion is, where it takes minutes: `block 7 of 25: `. */
  #step = '';

  constructor(options: { runDirectory: string; terminal?: boolean }) {
    this.#path = options.runDirectory;
    // CI is what build servers set; some of them pretend to be a terminal.
    this.#terminal =
      options.terminal ??
      (process.stdout.isTTY && process.stderr.isTTY && process.env.CI === undefined);
    this.#tails = new Map(
      PHASES.map((phase) => [phase, new SampleTail(join(this.#path, phase, 'samples.ndjson'))]),
    );
    this.#costBlocks = new NewLines(join(this.#path, 'cost/blocks.ndjson'));
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunStart(): void {
    // A finished run that is judged again has samples, and nothing is going on.
    for (const tail of [...this.#tails.values(), this.#costBlocks]) tail.next();
    this.#timer = setInterval(() => this.tick(), TICK_MS).unref();
    // An interrupted run ends here: what is then said of the undoing begins on a line of its own.
    process.once('exit', () => this.#clear());
  }

  onTestModuleCollected(module: TestModule): void {
    const tests = [...module.children.allTests()];
    for (const [title, own] of Object.entries(Object.groupBy(tests, sectionOf))) {
      const ended = { passed: 0, failed: 0, inconclusive: 0, 'not run': 0 };
      const total = own?.length ?? 0;
      this.#sections.set(title, { title, total, ended, reasons: new Map(), beganMs: undefined });
    }
  }

  onTestCaseReady(test: TestCase): void {
    const section = this.#sections.get(sectionOf(test));
    if (section === undefined) return;
    const beganMs = performance.now();
    section.beganMs ??= beganMs;
    this.#now = { section, title: test.name, beganMs };
    this.#soaks = false;
    this.#step = '';
  }

  onTestCaseResult(test: TestCase): void {
    this.#clear();
    this.#now = undefined;
    const section = this.#sections.get(sectionOf(test));
    if (section === undefined) return;
    section.ended[outcomeOf(test)] += 1;
    const result = test.result();
    if (result.state === 'skipped') {
      const reason = result.note ?? 'it was filtered out';
      section.reasons.set(reason, (section.reasons.get(reason) ?? 0) + 1);
    }
    if (judged(section) === section.total) this.#end(section);
  }

  readonly onUserConsoleLog = () => this.#clear();

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    clearInterval(this.#timer);
    this.#clear();
    const sections = [...this.#sections.values()];
    for (const section of sections) {
      const count = judged(section);
      if (count > 0 && count < section.total) this.#end(section);
    }
    for (const line of notRun(sections.filter(({ ended, total }) => ended['not run'] === total)))
      process.stdout.write(line);
    this.#printBroken(modules, errors);
  }

  /** Shows what is new since the last tick. */
  tick(): void {
    for (const [phase, tail] of this.#tails) {
      const progress = tail.next();
      if (progress === undefined) continue;
      this.#soaks = true;
      const run = new RunDirectory(this.#path);
      this.#durationSeconds ??= Number(readRunRecord(run)?.settings.DURATION_SECONDS);
      const line = soakLine(phase, progress, this.#durationSeconds);
      if (this.#terminal) this.#rewrite(line);
      else this.#logSoak(line, progress.latest.elapsedMs);
    }
    const { data } = costBlock.safeParse(jsonOf(this.#costBlocks.next().at(-1) ?? ''));
    if (data !== undefined)
      this.#step = data.block < data.of ? `block ${data.block + 1} of ${data.of}: ` : '';
    if (this.#now !== undefined && !this.#soaks) this.#tell(this.#now);
  }

  /** `Rollback drill 11/27  00:42  policies that are broken are refused` */
  #tell({ section, title, beganMs }: { section: Section; title: string; beganMs: number }): void {
    const now = performance.now();
    const time = clock((now - beganMs) / 1000);
    const line = `${section.title} ${judged(section) + 1}/${section.total}  ${time}  ${this.#step}${title}`;
    if (this.#terminal) this.#rewrite(line);
    else if (now - Math.max(beganMs, this.#loggedMs.clock) >= LOG_EVERY_MS) this.#log(line);
  }

  /** A section that was not run at all is told at the end, beside the others. */
  #end(section: Section): void {
    if (section.ended['not run'] === section.total) return;
    process.stdout.write(sectionLine(section));
    this.#loggedMs.clock = performance.now();
  }

  /** The final status has the message alone; whoever mends the spec needs the place, too. */
  #printBroken(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const logger = this.#vitest?.logger;
    for (const error of errors) logger?.printError(error, { type: 'Error outside of every test' });
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      const suites = [...module.children.allSuites()];
      const broken = [
        ...[module, ...suites].flatMap((one) => one.errors()),
        ...tests
          .filter((test) => test.meta().criterion === undefined)
          .flatMap((test) => test.result().errors ?? []),
      ];
      for (const error of broken) logger?.printError(error, { project: module.project });
    }
  }

  #rewrite(line: string): void {
    // A line that wraps could not be taken back.
    // A terminal that does not know its size says 0.
    const columns = Math.max(20, (process.stderr.columns || 80) - 1);
    process.stderr.write(`${CLEAR_LINE}${line.slice(0, columns)}`);
    this.#isOnScreen = true;
  }

  #logSoak(line: string, elapsedMs: number): void {
    // A new soak's clock begins again.
    if (elapsedMs < this.#loggedMs.soak) this.#loggedMs.soak = 0;
    if (elapsedMs - this.#loggedMs.soak < LOG_EVERY_MS) return;
    this.#loggedMs.soak = elapsedMs;
    this.#log(line);
  }

  #log(line: string): void {
    this.#loggedMs.clock = performance.now();
    process.stderr.write(`${line}\n`);
  }

  #clear(): void {
    if (!this.#isOnScreen) return;
    process.stderr.write(CLEAR_LINE);
    this.#isOnScreen = false;
  }
}
