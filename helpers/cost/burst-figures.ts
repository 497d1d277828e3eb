/** What a burst of denied opens at a set pace shows of an agent, as it is compared with the previous version's. */
export interface BurstFigure {
  /** The criterion that it belongs to. */
  readonly metric: 'decisions' | 'decision-cpu';
  readonly words: string;
  readonly unit: string;
  /** Less is counted as this: twice of next to nothing harms nobody. */
  readonly floor: number;
}

export const BURST_FIGURES = {
  refused: { metric: 'decisions', words: 'a refused open, p50', unit: 'µs', floor: 1 },
  pace: { metric: 'decisions', words: 'time of 1,000 decisions', unit: 'ms', floor: 1 },
  lost: { metric: 'decisions', words: 'of 1,000 decisions not told', unit: 'lines', floor: 1 },
  cpu: { metric: 'decision-cpu', words: 'CPU of 1,000 decisions', unit: 'ms', floor: 1 },
} as const satisfies Readonly<Record<string, BurstFigure>>;

export type BurstFigureName = keyof typeof BURST_FIGURES;
export const BURST_FIGURE_NAMES = Object.keys(BURST_FIGURES) as readonly BurstFigureName[];

/** A burst lasts so much of a block's work. */
export const BURST_SHARE = 1 / 4;
