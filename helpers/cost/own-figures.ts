/** What an agent takes for itself, as it is compared with the previous version's. */
export interface OwnFigure {
  readonly words: string;
  readonly unit: string;
  /** Less is counted as this: twice of next to nothing harms nobody. */
  readonly floor: number;
}

export const OWN_FIGURES = {
  cpu: { words: 'CPU beside the work', unit: '% of a core', floor: 1 },
  memory: { words: 'resident memory after the work', unit: 'kB', floor: 1024 },
  // Some maps of BPF are of a size that the agent chose, and no part of resident memory.
  locked: { words: 'locked memory and BPF maps after the work', unit: 'KiB', floor: 16_384 },
  start: { words: 'time to ready', unit: 'ms', floor: 1000 },
  stop: { words: 'time to stop', unit: 'ms', floor: 1000 },
  gap: { words: 'enforcement gone in a restart', unit: 'ms', floor: 1000 },
  crash: { words: 'enforcement gone after SIGKILL', unit: 'ms', floor: 1000 },
} as const satisfies Readonly<Record<string, OwnFigure>>;

export type OwnFigureName = keyof typeof OWN_FIGURES;
export const OWN_FIGURE_NAMES = Object.keys(OWN_FIGURES) as readonly OwnFigureName[];

/** Promised nowhere: a version may take a quarter more than the one before. */
export const OWN_LIMIT = 1.25;
