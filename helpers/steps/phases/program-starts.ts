import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReadyDaemon } from '../../agent/daemon.ts';
import { scrapeRunning } from '../../agent/scrape.ts';
import type { EventLog } from '../../agent/stream/event-log.ts';
import {
  comparedArguments,
  judgeByDescriptor,
  judgeExecEvents,
  judgeHiddenArguments,
  judgeMemoryOfStarts,
  linesByDescriptor,
  mustStartMore,
  type ProgramStarts,
  type StartByDescriptor,
} from '../../coverage/program-starts.ts';
import { FILES } from '../../coverage/site.ts';
import { type Judgement, noEvidence, together } from '../../criteria/judgement.ts';
import { endsWithStep } from '../../criteria/step-signal.ts';
import { COMPILE_CACHE } from '../../files/compile-cache.mjs';
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
const reference = 'docs/agent-contract.md §4.1';
const STARTS_A_PART = 400;
/** An agent may take the empty one for the end of them (docs/agent-contract.md §4.1). */
const EMPTY_AND_MORE = ['', '--behind-an-empty-one'];
/** Is replaced by the program, by execveat(2). */
const BY_DESCRIPTOR = fileURLToPath(new URL('../../coverage/execveat-process.ts', import.meta.url));
const TO_DESCRIPTOR = ['--by-descriptor'];
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
        /** One start, with an empty argument. */
        readonly behindEmpty: ProgramStarts;
        /** One more, by execveat(2). */
        readonly byDescriptor: StartByDescriptor;
        readonly drops: Figure;
        readonly notUtf8: EventLog['notUtf8'];
      }>
    | undefined;

  constructor(run: CanaryRun, subjects: Pick<CoverageSubjects, 'made'>, daemon: () => ReadyDaemon) {
    this.#run = run;
    this.#subjects = subjects;
    this.#daemon = daemon;
  }

  /** Each start is told, with what the program was given. */
  async events(): Promise<Judgement> {
    const { parts, behindEmpty, byDescriptor, drops, notUtf8 } = await this.#start();
    const all = [...parts, behindEmpty];
    const found = [
      this.#notUtf8(notUtf8),
      this.#hidden(all),
      this.#untold(byDescriptor, drops),
    ].flatMap((one) => one ?? []);
    return together([judgeExecEvents(all, drops, SOURCE), ...found]);
  }

  #notUtf8({ lines, sample }: EventLog['notUtf8']): Judgement | undefined {
    if (lines === 0) return undefined;
    return judgeDefect(
      this.#run.settings,
      'event-not-utf8',
      {
        ...{ title: 'an event line is not UTF-8, and so no JSON', severity: 'medium', reference },
        detail: `${counted(lines, 'event line')} of this start ${lines === 1 ? 'is' : 'are'} no UTF-8, which JSON must be (RFC 8259, section 8.1): a reader that demands it loses them, and a program that is started so is hidden from it; the first, with \ufffd for each byte that is no text: ${JSON.stringify(sample).slice(0, SAMPLE_CHARACTERS)}`,
      },
      { value: lines, limit: 0, unit: 'event lines', source: SOURCE },
    );
  }

  #hidden(parts: readonly ProgramStarts[]): Judgement | undefined {
    const judged = judgeHiddenArguments(parts, SOURCE);
    if (judged === undefined) return undefined;
    const title = 'arguments behind an empty one are not told';
    return judgeDefect(
      this.#run.settings,
      'arguments-hidden',
      { title, severity: 'medium', reference, detail: judged.hidden },
      judged.measured,
    );
  }

  #untold(byDescriptor: StartByDescriptor, drops: Figure): Judgement | undefined {
    const judged = judgeByDescriptor(byDescriptor, drops, SOURCE);
    if (judged === undefined || 'verdict' in judged) return judged;
    const title = 'programs that are started by execveat(2) are not told';
    return judgeDefect(
      this.#run.settings,
      'execveat-not-told',
      { title, severity: 'medium', reference, detail: judged.untold },
      judged.measured,
    );
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
    const startPart = () => this.#startPart(daemon, STARTS_A_PART, ARGUMENTS);
    const parts = [await startPart()];
    while (mustStartMore(parts)) parts.push(await startPart());
    const linesOfIt = await this.#startByDescriptor(daemon);
    // Its lines are behind those of the other one.
    const behindEmpty = await this.#startPart(daemon, 1, EMPTY_AND_MORE);
    const byDescriptor = linesOfIt();
    const drops = scrapeDelta({ before, after: await scrape() }, [TELEMETRY_DROPS]);
    const notUtf8 = { ...daemon.events.notUtf8 };
    this.#run.directory.writeJson(SOURCE, { parts, behindEmpty, byDescriptor, drops, notUtf8 });
    if (!daemon.isRunning())
      throw noEvidence('the agent ended while programs were started', { source: SOURCE });
    return { parts, behindEmpty, byDescriptor, drops, notUtf8 };
  }

  /** @returns what was told of it, once it is asked for. */
  async #startByDescriptor({ events }: ReadyDaemon): Promise<() => StartByDescriptor> {
    const given = [this.#program, ...TO_DESCRIPTOR];
    const told = events.watchStarts(process.pid);
    const { pid, ended } = startProgram(process.execPath, [BY_DESCRIPTOR, ...given], {
      env: { ...this.#run.candidate.environment, ...COMPILE_CACHE },
      ...{ timeoutMs: PATIENCE_MS, ...endsWithStep() },
    });
    // Decisions on it are ours, too.
    if (pid !== undefined) events.watchProcess(pid);
    const { exitCode, stderr } = await ended;
    const [lastLine = ''] = stderr.trim().split('\n').slice(-1);
    const why = /^Error: .*$|^.*: [A-Z]+$/m.exec(stderr)?.[0] ?? lastLine;
    const notMade =
      pid !== undefined && exitCode === 0
        ? undefined
        : `its process ended with ${exitCode ?? 'a signal'}: ${why}`;
    return () => ({ notMade, ...linesByDescriptor(told, pid ?? -1, given) });
  }

  get #program(): string {
    return join(this.#subjects.made.site.directory, FILES.program);
  }

  async #startPart(
    { events, identity }: ReadyDaemon,
    started: number,
    more: readonly string[],
  ): Promise<ProgramStarts> {
    const given = [this.#program, ...more];
    const shell = startProgram('/bin/sh', ['-c', LOOP, `${started}`, ...given], {
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
        `a program of ours could not be started ${counted(started, 'time')}: ${timedOut ? `not within ${PATIENCE_MS / 1000} s` : stderr.trim() || `exit ${exitCode}`}`,
      );
    const { starts, arguments: withArguments } = told;
    const isWhole = () => Math.min(starts.size, withArguments.size) >= started;
    await events.until(isWhole, LINES_MS);
    return {
      started,
      told: starts.size,
      toldAgain: [...starts.values()].filter((lines) => lines > 1).length,
      withArguments: withArguments.size,
      ...comparedArguments([...withArguments.values()], given),
      rssKb: processResources(identity.pid).rssKb,
    };
  }
}
