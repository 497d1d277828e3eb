import type { KnobsByCode } from '../settings/configuration.ts';

/** What a team's vitest configuration adds to the runbook, as `npm run plan` tells it. */
export interface Planned {
  /** Spec files, and where they stand: `before coverage`, `during audit`. */
  readonly specs: readonly { readonly path: string; readonly at: string }[];
  /** Names of their workloads. */
  readonly workloads: readonly string[];
  readonly byCode: KnobsByCode;
  /** What is in the way of a run, one line each. */
  readonly problems: readonly string[];
}

let plan: ((planned: Planned) => void) | undefined;

/** From now on `defineCanary` tells what it was asked for, and makes nothing of it. */
export function planFrom(told: (planned: Planned) => void): void {
  plan = told;
}

/** Where a plan is made, and no run. */
export const thePlan = () => plan;
