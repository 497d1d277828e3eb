import { type Candidate, endText, outputText } from '../../agent/command.ts';
import type { Capabilities } from '../../agent/contract/capabilities.ts';
import { type ReadyDaemon, StartingDaemon, type StoppedDaemon } from '../../agent/daemon.ts';
import { daemonOptions } from '../../agent/daemon-options.ts';
import { mustLive } from '../../agent/lives.ts';
import type { EventLog, OwnDecision } from '../../agent/stream/event-log.ts';
import type { FileDecisions } from '../../agent/stream/watched-decisions.ts';
import { type Beside, type Configuration, shuffled } from '../../cost/order.ts';
import type { OwnFigureName } from '../../cost/own-figures.ts';
import { PIECE_NAMES, PIECES, type PieceName } from '../../cost/pieces.ts';
import { middle, type Times } from '../../cost/slice.ts';
import type { SoakFigureName } from '../../cost/soak-figures.ts';
import type { CostWorker } from '../../cost/worker.ts';
import { failed, JudgementError, noEvidence } from '../../criteria/judgement.ts';
import { pause } from '../../criteria/step-signal.ts';
import { lockedMemory } from '../../host/locked-memory.ts';
import { processResources } from '../../host/processes.ts';
import { cpuBetween, threadCpu } from '../../host/thread-cpu.ts';
import type { CanaryRun } from '../canary-run.ts';
import { crashGap, readyAndDenying, stoppedAndOpen } from './cost-gaps.ts';
import { shortSoak } from './cost-soak.ts';
import type { CostSubjects } from './cost-subjects.ts';
import { hookTimes } from './hook-times.ts';

/** Every block as it was measured, one a line. */
const BLOCKS_FILE = 'cost/blocks.ndjson';

/** After a start or a stop of the agent: what follows of either is no part of what the host pays all the time. */
const SETTLE_MS = 500;
/** Each piece is worked on so often in a block, and its middle figures count. */
const ROUNDS = 5;
/** Longer than any event line takes. */
const EVENT_WAIT_MS = 10_000;
/** The operator's command may take so long each time. */
const COMMAND_SECONDS = 600;

/** The previous version is compared as production runs it. */
const modeOf = (beside: Beside) => (beside === 'previous' ? 'enforce' : beside);

/** What was measured in one block. */
export interface Block {
  readonly configuration: Configuration;
  readonly times: Readonly<Record<PieceName, Times>>;
  /** The operator's command, in ms. */
  readonly commandMs?: number | undefined;
  /** What the agent says that each of its hooks took, in ns a call. */
  readonly hookNs?: Readonly<Record<string, number>>;
  /** What the agent takes for itself. */
  readonly own?: Readonly<Record<OwnFigureName, number>>;
  /** In enforce mode, where a previous version is compared: what a short soak shows. */
  readonly soak?: Readonly<Record<SoakFigureName, number>>;
}

/** The agent, from its start on. */
interface Life<Told> {
  readonly ready: ReadyDaemon;
  /** What it tells of the process that works. */
  readonly told: Told;
  /** From its start to the first open that was denied, where that is compared. */
  readonly gapMs: number;
}

/** A block that the previous version could not be measured in, and why. */
export interface LostBlock {
  readonly configuration: 'previous';
  readonly lost: string;
}

/** Does the same work in one block after another, each with the agent in another mode or without it. */
export class CostBlocks {
  /** What the candidate told in its lives. */
  readonly streams: EventLog[] = [];
  /** What each promised when it started in enforce mode. */
  readonly promised: Partial<Record<Configuration, Capabilities>> = {};
  readonly #run: CanaryRun;
  readonly #subjects: CostSubjects;
  readonly #worker: CostWorker;
  readonly #random: () => number;
  #stopAnyway: (() => Promise<StoppedDaemon>) | undefined;
  #previousIsLost: string | undefined;

  constructor(run: CanaryRun, subjects: CostSubjects, worker: CostWorker, random: () => number) {
    this.#run = run;
    this.#subjects = subjects;
    this.#worker = worker;
    this.#random = random;
  }

  /** Measures all of them; each is written down at once. @throws JudgementError where one of the candidate, or without it, cannot be had. */
  async measure(order: readonly Configuration[]): Promise<readonly (Block | LostBlock)[]> {
    const blocks: (Block | LostBlock)[] = [];
    this.#run.directory.directory('cost');
    for (const [index, configuration] of order.entries()) {
      const name = `cost/${index + 1}-${configuration}`;
      const block =
        configuration === 'none'
          ? await this.#alone()
          : configuration === 'previous'
            ? await this.#besidePrevious(name)
            : await this.#beside(configuration, this.#run.candidate, name);
      const which = { at: new Date().toISOString(), block: index + 1, of: order.length };
      this.#run.directory.appendLine(BLOCKS_FILE, { ...which, ...block });
      blocks.push(block);
    }
    return blocks;
  }

  /** Ends the agent, wherever a block was cut off. */
  async cleanUp(): Promise<void> {
    await this.#stopAnyway?.();
  }

  /** What the previous version does wrong is no fault of the candidate: it is not tried again, and all else goes on. */
  async #besidePrevious(name: string): Promise<Block | LostBlock> {
    const { previous } = this.#run;
    const lost = (why: string): LostBlock => ({ configuration: 'previous', lost: why });
    if (this.#previousIsLost !== undefined) return lost(this.#previousIsLost);
    if (previous === undefined) return lost('it is not named');
    let block: Block | LostBlock;
    try {
      block = await this.#beside('previous', previous, name);
    } catch (error) {
      if (!(error instanceof JudgementError)) throw error;
      await this.cleanUp();
      this.#previousIsLost = error.judgement.explanation;
      block = lost(this.#previousIsLost);
    }
    await this.#subjects.mustBeListed('a life of the previous version');
    return block;
  }

  async #alone(): Promise<Block> {
    await pause(SETTLE_MS);
    return this.#work('none');
  }

  async #beside(beside: Beside, candidate: Candidate, name: string): Promise<Block> {
    const isCompared = this.#run.previous !== undefined && modeOf(beside) === 'enforce';
    const ofWorker = (events: EventLog) => events.watchProcess(this.#worker.pid);
    const first = await this.#begin(beside, candidate, name, ofWorker);
    this.promised[beside] ??= first.ready.capabilities;
    await pause(SETTLE_MS);
    const taken = await this.#taken(first.ready, () => this.#work(beside));
    await this.#mustHaveDecided(first);
    const hookNs = await hookTimes(first.ready);
    const again = () =>
      this.#begin(beside, candidate, `${name}-after-crash`, (events) => this.#onDenied(events));
    const { ready, crash, ...soaked } = isCompared
      ? await this.#crashAndSoak(first.ready, candidate, again)
      : { ready: first.ready, crash: Number.NaN };
    const [{ exit }, stopGap] = await this.#stopped(ready, isCompared);
    if (exit.exitCode !== 0)
      throw failed(`the agent ${endText(exit)} after a block, expected exit code 0`, {
        value: exit.signal ?? exit.exitCode ?? 'unknown',
        limit: 0,
        source: `${name}*/agent.stderr.log`,
      });
    const [start, stop] = [first.ready.startMs, exit.stopMs ?? Number.NaN];
    const own = { ...taken.own, start, stop, gap: first.gapMs + stopGap, crash };
    return { ...taken.block, hookNs, own, ...soaked };
  }

  /** Nothing but the two versions in enforce mode is compared by it. */
  async #crashAndSoak(
    ready: ReadyDaemon,
    candidate: Candidate,
    begin: () => Promise<Life<FileDecisions>>,
  ) {
    const [again, crash] = await crashGap(this.#worker, ready, begin);
    // What follows of the start is no part of what decisions take.
    await pause(SETTLE_MS);
    const { settings } = this.#run;
    const told = () => again.told.ownLines;
    const soak = await shortSoak(again.ready, candidate, this.#worker, settings, told);
    return { ready: again.ready, crash, soak };
  }

  async #begin<Told>(
    beside: Beside,
    candidate: Candidate,
    name: string,
    watch: (events: EventLog) => Told,
  ): Promise<Life<Told>> {
    const { settings, directory, previous } = this.#run;
    await this.#run.journal();
    const mode = modeOf(beside);
    const options = await daemonOptions(settings, { name, mode, enforceSignal: 'none' });
    const starting = new StartingDaemon(candidate, options, directory);
    this.#stopAnyway = () => starting.stop();
    const told = watch(starting.events);
    const isCompared = previous !== undefined && mode === 'enforce';
    const [ready, gapMs] = isCompared
      ? await readyAndDenying(this.#worker, starting)
      : [await starting.ready(), Number.NaN];
    if (beside !== 'previous') {
      mustLive('cost', ready);
      this.streams.push(ready.events);
    }
    return { ready, told, gapMs };
  }

  /** Counts lines on the denied file, however many they are; of a process only a thousand are kept. */
  #onDenied(events: EventLog): FileDecisions {
    const decisions = events.watch(this.#subjects.made.denied[0]);
    decisions.owners.add(this.#worker.pid);
    return decisions;
  }

  async #stopped(
    ready: ReadyDaemon,
    isCompared: boolean,
  ): Promise<[stopped: StoppedDaemon, gapMs: number]> {
    return isCompared ? stoppedAndOpen(this.#worker, ready) : [await ready.stop(), Number.NaN];
  }

  /** An event on the file that a rule names and that is opened. */
  #isDenied(event: OwnDecision): boolean {
    return 'ino' in event && event.ino === this.#subjects.made.denied[0].ino;
  }

  /** The work, and what the agent took for itself meanwhile. */
  async #taken({ identity, isRunning }: ReadyDaemon, work: () => Promise<Block>) {
    const read = () => {
      const [{ rssKb }, threads] = [processResources(identity.pid), threadCpu(identity.pid)];
      const source = `/proc/${identity.pid}`;
      if (rssKb !== undefined && threads !== undefined)
        return { at: performance.now(), rssKb, threads };
      throw isRunning()
        ? noEvidence('what the agent takes for itself cannot be read', { source })
        : failed('the agent died while the work was timed', { source });
    };
    const before = read();
    const block = await work();
    const after = read();
    const cpu = (100 * cpuBetween(before.threads, after.threads)) / (after.at - before.at);
    const locked = lockedMemory(identity.pid)?.kb ?? Number.NaN;
    return { block, own: { cpu, memory: after.rssKb, locked } };
  }

  async #work(configuration: Configuration): Promise<Block> {
    const slices = new Map<PieceName, Times[]>();
    const ms = this.#run.settings.COST_BLOCK_MS / ROUNDS / PIECE_NAMES.length;
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const piece of shuffled(PIECE_NAMES, this.#random)) {
        const times = await this.#slice(configuration, piece, ms);
        slices.set(piece, [...(slices.get(piece) ?? []), times]);
      }
    }
    const of = (piece: PieceName) => [piece, middle(slices.get(piece) ?? [])] as const;
    const times = Object.fromEntries(PIECE_NAMES.map(of)) as Block['times'];
    return { configuration, times, commandMs: await this.#command(configuration) };
  }

  async #slice(configuration: Configuration, piece: PieceName, ms: number): Promise<Times> {
    const answer = await this.#worker.ask({ ask: 'slice', piece, ms }, 'slice', 'refused');
    if (answer.kind === 'slice') return answer.times;
    const { call, errno } = answer;
    const what = `${PIECES[piece].words}: ${call} failed with ${errno}`;
    const seen = { value: errno, limit: 'done', source: call };
    throw configuration === 'none'
      ? noEvidence(`${what} without the agent, so it cannot be timed`, seen)
      : failed(
          `${what} with the agent in ${modeOf(configuration)} mode, and no rule names it`,
          seen,
        );
  }

  async #command(configuration: Configuration): Promise<number | undefined> {
    const { COST_COMMAND: command } = this.#run.settings;
    if (command === undefined) return undefined;
    const timeoutMs = COMMAND_SECONDS * 1000;
    const { ms, end } = await this.#worker.ask({ ask: 'command', command, timeoutMs }, 'command');
    if (end === 'exit 0') return ms;
    const what = `COST_COMMAND ${outputText(end)}`;
    const seen = { value: end, limit: 'exit 0', source: 'COST_COMMAND' };
    throw configuration === 'none'
      ? noEvidence(`${what} without the agent, so it cannot be timed`, seen)
      : failed(
          `${what} with the agent in ${modeOf(configuration)} mode, and with exit 0 without it`,
          seen,
        );
  }

  /** An agent that decides nothing costs nothing: each block ends with an open that it must decide on. */
  async #mustHaveDecided({ ready, told: ours }: Life<readonly OwnDecision[]>): Promise<void> {
    const { mode, events, isRunning, identity } = ready;
    const source = `pid ${identity.pid}`;
    const isDenied = (event: OwnDecision) => this.#isDenied(event);
    const before = ours.filter(isDenied).length;
    const answer = await this.#worker.ask({ ask: 'denied' }, 'opened', 'refused');
    const outcome = answer.kind === 'opened' ? 'allowed' : `refused with ${answer.errno}`;
    const wanted = mode === 'audit' ? 'allowed' : 'refused with EPERM';
    if (!isRunning()) throw failed('the agent died while the work was timed', { source });
    if (outcome !== wanted)
      throw failed(
        `at the end of a block an open of a denied file was ${outcome} in ${mode} mode, expected ${wanted}: this agent decides nothing, and what it costs shows nothing`,
        { value: outcome, limit: wanted, source },
      );
    if (!(await events.until(() => ours.filter(isDenied).length > before, EVENT_WAIT_MS)))
      throw failed(
        `the agent wrote no event line of an open of a denied file at the end of a block in ${mode} mode, so what it costs shows nothing`,
        { value: 0, limit: 1, unit: 'event lines', source },
      );
    const others = ours.filter((event) => !isDenied(event));
    if (others.length > 0)
      throw failed(
        `the agent decided on work that no rule names, in ${mode} mode: ${others.length} event lines, the first of type ${others[0]?.type}`,
        { value: others.length, limit: 0, unit: 'event lines', source },
      );
  }
}
