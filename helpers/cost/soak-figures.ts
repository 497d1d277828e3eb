/** What a short soak shows of an agent, as it is compared with the previous version's: denied opens at the pace of the soak. */
export interface SoakFigure {
  /** The criterion that it belongs to. */
  readonly metric: 'decisions' | 'drops' | 'decision-cpu' | 'memory';
  readonly words: string;
  readonly unit: string;
  /** Less is counted as this: twice of next to nothing harms nobody. */
  readonly floor: number;
}

export const SOAK_FIGURES = {
  /** The inverse of decisions a second: more of it is worse, as of all figures. */
  pace: { metric: 'decisions', words: 'time of 1,000 decisions', unit: 'ms', floor: 1 },
  refused: { metric: 'decisions', words: 'a refused open, p50', unit: 'µs', floor: 1 },
  drops: { metric: 'drops', words: 'drops a second, as it counts them', unit: 'drops', floor: 1 },
  lost: { metric: 'drops', words: 'of 1,000 decisions not told', unit: 'lines', floor: 1 },
  cpu: { metric: 'decision-cpu', words: 'CPU of 1,000 decisions', unit: 'ms', floor: 1 },
  soaked: { metric: 'memory', words: 'resident memory after the soak', unit: 'kB', floor: 1024 },
} as const satisfies Readonly<Record<string, SoakFigure>>;

export type SoakFigureName = keyof typeof SOAK_FIGURES;
export const SOAK_FIGURE_NAMES = Object.keys(SOAK_FIGURES) as readonly SoakFigureName[];
