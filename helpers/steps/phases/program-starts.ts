import { join } from 'node:path';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeRunning } from '../../agent/scrape.ts';
import type { EventLog } from '../../agent/stream/event-log.ts';
import { checkArguments } from '../../agent/stream/field-check.ts';
import {
  judgeExecEvents,
  judgeMemoryOfStarts,
  mustStartMore,
  type ProgramStarts,
} from '../../coverage/program-starts.ts';
import { FILES } from '../../coverage/site.ts';
import { type Judgement, noEvidence, worst } from '../../criteria/judgement.ts';
import { endsWithStep } from '../../criteria/step-signal.ts';
import { processResources } from '../../host/processes.ts';
import { startProgram } from '../../host/program.ts';
import type { Figure } from '../../settings/thresholds.ts';
import { scrapeDelta, TELEMETRY_DROPS } from '../../soak/counters.ts';
import { counted } from '../../text/counted.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CoverageSubjects } from './coverage-subjects.ts';
import { judgeDefect } from './known-defects.ts';

const SOURCE = 'coverage/audit/program-starts.json';
/** Starts what is given so many times, one after the other; $0 says how many. */
const LOOP = 'i=0; while [ "$i" -lt "$0" ]; do "$@" || exit; i=$((i + 1)); done';
/** The last has a byte more than an event line tells, and the cut is inside of a character. */
const ARGUMENTS = ['--of=the canary', 'ü'.repeat(16)];
const STARTS_A_PART = 400;
/** An emulated host under load takes 150 ms for one. */
const PATIENCE_MS = 240_000;
const LINES_MS = 10_000;
const SAMPLE_CHARACTERS = 300;

/**
 * Programs with a rule that are started while the agent audits, one by one as a script or a build does: of each the agent
 * tells the start, and keeps nothing once it has ended.
 */
export class StartsOfPrograms {
  readonly #run: CanaryRun;
  readonly #subjects: Pick<CoverageSubjects, 'made'>;
  readonly #daemon: () => ReadyDaemon;
  #started:
    | Promise<{
        readonly parts: readonly ProgramStarts[];
        readonly drops: Figure;
        readonly notUtf8: EventLog['notUtf8'];
      }>
    | undefined;

  constructor(run: CanaryRun, subjects: Pick<CoverageSubjects, 'made'>, daemon: () => ReadyDaemon) {
    this.#run = run;
    this.#subjects = subjects;
    this.#daemon = daemon;
  }

  /** Each start is told. */
  async events(): Promise<Judgement> {
    const { parts, drops, notUtf8 } = await this.#start();
    const judged = judgeExecEvents(parts, drops, SOURCE);
    if (notUtf8.lines === 0) return judged;
    const defect = judgeDefect(
      this.#run.settings,
      'event-not-utf8',
      {
        ...{ title: 'an event line is not UTF-8, and so no JSON', severity: 'medium' },
        reference: 'docs/agent-contract.md §4.1',
        detail: `${counted(notUtf8.lines, 'event line')} of this start ${notUtf8.lines === 1 ? 'is' : 'are'} no UTF-8, which JSON must be (RFC 8259, section 8.1): a reader that demands it loses them, and a program that is started so is hidden from it; the first, with \ufffd for each byte that is no text: ${JSON.stringify(notUtf8.sample).slice(0, SAMPLE_CHARACTERS)}`,
      },
      { value: notUtf8.lines, limit: 0, unit: 'event lines', source: SOURCE },
    );
    return { ...worst([judged, defect]), findings: defect.findings ?? [] };
  }

  /** None is remembered. */
  async memory(): Promise<Judgement> {
    const { parts } = await this.#start();
    const judged = judgeMemoryOfStarts(parts, SOURCE);
    if ('verdict' in judged) return judged;
    return judgeDefect(
      this.#run.settings,
      'ended-programs-kept',
      {
        ...{ title: 'memory is kept of programs that have ended', severity: 'medium' },
        detail: judged.kept,
      },
      judged.measured,
    );
  }

  /** Once, by whichever criterion comes first. */
  #start() {
    this.#started ??= this.#startAll();
    return this.#started;
  }

  async #startAll() {
    const daemon = this.#daemon();
    const scrape = () => scrapeRunning(this.#run.candidate, daemon.metricsAddress);
    const before = await scrape();
    const parts = [await this.#startPart(daemon)];
    while (mustStartMore(parts)) parts.push(await this.#startPart(daemon));
    const drops = scrapeDelta({ before, after: await scrape() }, [TELEMETRY_DROPS]);
    const notUtf8 = { ...daemon.events.notUtf8 };
    this.#run.directory.writeJson(SOURCE, { parts, drops, notUtf8 });
    if (!daemon.isRunning())
      throw noEvidence('the agent ended while programs were started', { source: SOURCE });
    return { parts, drops, notUtf8 };
  }

  async #startPart({ events, identity }: ReadyDaemon): Promise<ProgramStarts> {
    const program = join(this.#subjects.made.site.directory, FILES.program);
    const given = [program, ...ARGUMENTS];
    const shell = startProgram('/bin/sh', ['-c', LOOP, `${STARTS_A_PART}`, ...given], {
      ...{ env: this.#run.candidate.environment, timeoutMs: PATIENCE_MS },
      ...endsWithStep(),
    });
    if (shell.pid === undefined) throw noEvidence('/bin/sh could not be started');
    const told = events.watchStarts(shell.pid);
    // Decisions on them are ours, too.
    events.watchProcess(shell.pid);
    const { exitCode, stderr, timedOut } = await shell.ended;
    if (exitCode !== 0)
      throw noEvidence(
        `a program of ours could not be started ${STARTS_A_PART} times: ${timedOut ? `not within ${PATIENCE_MS / 1000} s` : stderr.trim() || `exit ${exitCode}`}`,
      );
    const { starts, arguments: withArguments } = told;
    const isWhole = () => Math.min(starts.size, withArguments.size) >= STARTS_A_PART;
    await events.until(isWhole, LINES_MS);
    const wrong = [...withArguments.values()].filter((line) =>
      checkArguments(line, given).some(({ result }) => result === 'wrong'),
    );
    return {
      started: STARTS_A_PART,
      told: starts.size,
      toldAgain: [...starts.values()].filter((lines) => lines > 1).length,
      withArguments: withArguments.size,
      wrongArguments: { lines: wrong.length, sample: JSON.stringify(wrong[0] ?? {}) },
      rssKb: processResources(identity.pid).rssKb,
    };
  }
}
