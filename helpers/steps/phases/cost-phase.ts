import { randomInt } from 'node:crypto';
import type { EventLog } from '../../agent/stream/event-log.ts';
import { type Compared, type CostLimit, compared, judgeCost, percent } from '../../cost/judge.ts';
import { type AgentMode, blockOrder, seeded } from '../../cost/order.ts';
import { COMMAND_LIMIT, PIECE_NAMES, PIECES, type PieceName } from '../../cost/pieces.ts';
import { compare, type Measured, type Ratios, ratiosOf } from '../../cost/ratios.ts';
import { RATIOS_FILE } from '../../cost/result.ts';
import type { Times } from '../../cost/slice.ts';
import { CostWorker } from '../../cost/worker.ts';
import { type Judgement, noEvidence, pass } from '../../criteria/judgement.ts';
import type { CanaryRun } from '../canary-run.ts';
import { type Block, CostBlocks, type LostBlock } from './cost-blocks.ts';
import type { CostSubjects } from './cost-subjects.ts';

const MODES: readonly AgentMode[] = ['audit', 'enforce'];

/** What is compared of a piece; what an agent promises is a p95, and a rare long pause is seen in the last. */
export const FIGURES: readonly {
  readonly name: string;
  readonly of: keyof Times;
  readonly decides: boolean;
}[] = [
  { name: 'p95', of: 'p95', decides: true },
  { name: 'p50', of: 'p50', decides: true },
  { name: 'p99', of: 'p99', decides: false },
  { name: 'time per operation', of: 'mean', decides: false },
];

/** The hook that a piece goes through, by the agent's name (docs/agent-contract.md §3.1). */
const HOOKS: Partial<Record<PieceName, string>> = {
  open: 'file_open',
  stat: 'inode_permission',
  exec: 'bprm_check',
  'tcp-connect': 'socket_connect',
  'udp-connect': 'socket_connect',
};

/** A figure of each block; none of a block that was lost. */
export const figuresIn = (
  blocks: readonly (Block | LostBlock)[],
  of: (block: Block) => number,
): Measured[] =>
  blocks.map((block) => ({
    configuration: block.configuration,
    value: 'times' in block ? of(block) : Number.NaN,
  }));

/** The cost phase: the same work again and again, with the agent and without it. */
export class CostPhase {
  readonly #run: CanaryRun;
  readonly #subjects: CostSubjects;
  #worker: CostWorker | undefined;
  #blocks: CostBlocks | undefined;
  #measured: readonly (Block | LostBlock)[] = [];
  #secondsEach = 0;
  #compared: readonly Compared[] = [];

  constructor(run: CanaryRun, subjects: CostSubjects) {
    this.#run = run;
    this.#subjects = subjects;
  }

  /** What the agent told in its lives. */
  get streams(): readonly EventLog[] {
    return this.#blocks?.streams ?? [];
  }

  /** Every block, of the previous version as well. */
  get blocks(): readonly (Block | LostBlock)[] {
    return this.#measured;
  }

  /** What one block of each takes, with those without the agent. */
  get secondsEach(): number {
    return this.#secondsEach;
  }

  /** What each configuration promised when it started. */
  get promised(): CostBlocks['promised'] {
    return this.#blocks?.promised ?? {};
  }

  /** Works in all blocks, and compares those of the candidate with those without it. */
  async measure(): Promise<Judgement> {
    const { settings, candidate, previous, directory } = this.#run;
    const seed = randomInt(2 ** 31);
    const random = seeded(seed);
    const besides = previous === undefined ? MODES : [...MODES, 'previous' as const];
    const order = blockOrder(settings.COST_BLOCKS, random, besides);
    const { free, denied } = this.#subjects.made;
    const files = { free, denied: denied[0].path };
    this.#worker = new CostWorker(files, candidate.environment);
    await this.#worker.up();
    this.#blocks = new CostBlocks(this.#run, this.#subjects, this.#worker, random);
    const begun = performance.now();
    this.#measured = await this.#blocks.measure(order);
    this.#secondsEach = (performance.now() - begun) / 1000 / settings.COST_BLOCKS;
    await this.#worker.stop();
    this.#compared = MODES.flatMap((mode) => this.#compareAll(mode));
    const ratios = this.#compared.map(({ judged }) => judged);
    directory.writeJson(RATIOS_FILE, { seed, order, ratios });
    const noise = PIECE_NAMES.map((piece) => {
      const { low, high } = compare(
        this.#ratios(({ times }) => times[piece].p95),
        'none',
      );
      return `${piece} ${percent(Math.max(high - 1, 1 - low))}`;
    });
    return pass(
      `${order.length} blocks of ${settings.COST_BLOCK_MS} ms of work, ${settings.COST_BLOCKS} of each mode${previous === undefined ? '' : ' and of the previous version,'} and one without the agent before and after each (seed ${seed}); the p95 of the host without the agent differs from itself by up to: ${noise.join(', ')}`,
      { value: order.length, unit: 'blocks', source: 'cost/blocks.ndjson' },
    );
  }

  /** One criterion: a piece of work in one mode. */
  piece(mode: AgentMode, piece: PieceName): Judgement {
    return this.#judge(mode, piece, PIECES[piece].limit, this.#hookWords(mode, piece));
  }

  /** The operator's own command in one mode. */
  command(mode: AgentMode): Judgement {
    return this.#judge(mode, 'command', COMMAND_LIMIT, '');
  }

  async cleanUp(): Promise<void> {
    this.#worker?.kill();
    await this.#blocks?.cleanUp();
  }

  #judge(mode: AgentMode, piece: string, byDefault: number, besides: string): Judgement {
    const all = this.#compared.filter(
      ({ judged }) => judged.mode === mode && judged.piece === piece,
    );
    if (all.length === 0) throw noEvidence('the blocks were not measured');
    const source = RATIOS_FILE;
    const judgement = judgeCost(all, this.#limit(byDefault), this.#secondsEach, { source });
    return { ...judgement, explanation: `${judgement.explanation}${besides}` };
  }

  #limit(byDefault: number): CostLimit {
    const { COST_MAX_RATIO: set } = this.#run.settings;
    return { value: set ?? byDefault, isOperators: set !== undefined };
  }

  #compareAll(mode: AgentMode): Compared[] {
    const pieces = PIECE_NAMES.flatMap((piece) =>
      FIGURES.map(({ name, of, decides }) =>
        compared(
          { piece, mode, figure: name },
          this.#ratios(({ times }) => times[piece][of]),
          this.#limit(PIECES[piece].limit).value,
          decides,
        ),
      ),
    );
    if (this.#run.settings.COST_COMMAND === undefined) return pieces;
    const what = { piece: 'command', mode, figure: 'wall time' };
    const ratios = this.#ratios(({ commandMs }) => commandMs ?? Number.NaN);
    return [...pieces, compared(what, ratios, this.#limit(COMMAND_LIMIT).value, true)];
  }

  #ratios(of: (block: Block) => number): Ratios {
    return ratiosOf(figuresIn(this.#measured, of));
  }

  /** The second witness: the agent's own clock. */
  #hookWords(mode: AgentMode, piece: PieceName): string {
    const hook = HOOKS[piece] ?? '';
    const told = this.#measured.flatMap((block) =>
      'times' in block && block.configuration === mode ? (block.hookNs?.[hook] ?? []) : [],
    );
    if (told.length === 0) return '';
    const us = told.reduce((sum, ns) => sum + ns, 0) / told.length / 1000;
    return `; by the agent's own clock ${hook} took ${us.toFixed(us < 10 ? 2 : 0)} µs a call`;
  }
}
