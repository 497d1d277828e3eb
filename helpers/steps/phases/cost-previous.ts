import { bpfObjects } from '../../agent/bpf-objects.ts';
import { previousSettings } from '../../agent/candidate.ts';
import { type Compared, isSurelyAbove, judgeCost } from '../../cost/judge.ts';
import { OWN_LIMIT, type OwnFigureName } from '../../cost/own-figures.ts';
import type { PieceName } from '../../cost/pieces.ts';
import { type AgainstPrevious, PREVIOUS_FILE } from '../../cost/result.ts';
import type { SOAK_FIGURES, SoakFigureName } from '../../cost/soak-figures.ts';
import {
  type Judgement,
  JudgementError,
  NotApplicable,
  noEvidence,
  pass,
} from '../../criteria/judgement.ts';
import type { Settings } from '../../settings/settings.ts';
import type { CanaryRun } from '../canary-run.ts';
import type { CostPhase } from './cost-phase.ts';
import { comparedFigures, noData } from './previous-figures.ts';
import { aboutPrevious, isItself } from './previous-identity.ts';
import { compareObjects, comparePromises, type Compared as Whole } from './previous-whole.ts';

/** A piece of work, what an agent takes for itself, or what a short soak shows. */
type Metric =
  | PieceName
  | OwnFigureName
  | 'command'
  | (typeof SOAK_FIGURES)[SoakFigureName]['metric'];

/** The candidate against the version that production runs, from blocks of both between one another. */
export class PreviousVersion {
  readonly #run: CanaryRun;
  readonly #phase: CostPhase;
  #compared: readonly Compared[] = [];
  #lines: readonly AgainstPrevious[] = [];
  #objects: Whole | undefined;
  #promises: Whole | undefined;

  constructor(run: CanaryRun, phase: CostPhase) {
    this.#run = run;
    this.#phase = phase;
  }

  /** Compares all that was measured, and writes it down. */
  async compare(): Promise<Judgement> {
    const { settings, directory, previous } = this.#run;
    const other = previousSettings(settings);
    if (previous === undefined || other === undefined)
      throw new NotApplicable('no previous version was named');
    const about = await aboutPrevious(previous);
    const write = (metrics: readonly AgainstPrevious[]) =>
      directory.writeJson(PREVIOUS_FILE, { ...about, metrics });
    const why = (await isItself(this.#run, about.sha256)) ?? this.#lost();
    if (why !== undefined) {
      write(noData(why));
      throw noEvidence(`nothing can be compared: ${why}`, { source: PREVIOUS_FILE });
    }
    const hasCommand = settings.COST_COMMAND !== undefined;
    const figures = comparedFigures(this.#phase.blocks, (limit) => this.#limit(limit), hasCommand);
    this.#compared = figures.flatMap((figure) => figure.compared ?? []);
    this.#lines = figures.map(({ line }) => line);
    await this.#compareWholes(other);
    const wholes = [this.#objects, this.#promises].flatMap((whole) => whole?.line ?? []);
    write([...this.#lines, ...wholes]);
    const { COST_BLOCKS: value } = settings;
    return pass(
      `${value} blocks with ${about.version} in enforce mode among those of the candidate`,
      {
        ...{ value, unit: 'blocks', source: PREVIOUS_FILE },
      },
    );
  }

  /** One criterion. What a version lacks is never good; what is worse all the same fails. */
  figure(metric: Metric): Judgement {
    if (metric === 'command' && this.#run.settings.COST_COMMAND === undefined)
      throw new NotApplicable('not asked for: COST_COMMAND is not set');
    const lines = this.#lines.filter((line) => line.metric === metric);
    const all = this.#compared.filter(({ judged }) => judged.piece === metric);
    const lacks = lines.find(({ verdict }) => verdict === 'no data');
    const [first] = lines;
    if (first?.limit === undefined) throw noEvidence('nothing was compared');
    if (lacks !== undefined && !all.some((one) => isSurelyAbove(one, all)))
      throw noEvidence(`${lacks.figure}: ${lacks.detail}`, { source: PREVIOUS_FILE });
    const limit = { value: first.limit, isOperators: this.#isOperators };
    return judgeCost(all, limit, this.#phase.secondsEach, { source: PREVIOUS_FILE });
  }

  objectSize(): Judgement {
    try {
      return whole(this.#objects).judge();
    } catch (error) {
      if (this.#isOperators || !(error instanceof JudgementError)) throw error;
      throw new NotApplicable(error.message);
    }
  }

  features(): Judgement {
    return whole(this.#promises).judge();
  }

  get #isOperators(): boolean {
    return this.#run.settings.PREVIOUS_MAX_RATIO !== undefined;
  }

  #limit(byDefault: number): number {
    return this.#run.settings.PREVIOUS_MAX_RATIO ?? byDefault;
  }

  async #compareWholes(other: Settings): Promise<void> {
    const { enforce, previous } = this.#phase.promised;
    const objects = [await bpfObjects(this.#run.settings), await bpfObjects(other)] as const;
    this.#objects = compareObjects(...objects, this.#limit(OWN_LIMIT));
    if (enforce !== undefined && previous !== undefined)
      this.#promises = comparePromises(enforce, previous);
  }

  #lost(): string | undefined {
    const lost = this.#phase.blocks.find((block) => 'lost' in block);
    return lost && `the previous version did not do its part, as agent: ${lost.lost}`;
  }
}

function whole(compared: Whole | undefined): Whole {
  if (compared === undefined) throw noEvidence('nothing was compared');
  return compared;
}
