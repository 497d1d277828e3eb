import type { Finding } from '../criteria/judgement.ts';
import type { Defect } from '../settings/known-defects.ts';

/** Something wrong with a unit, which somebody may accept by name. */
export interface UnitDefect {
  readonly defect: Extract<Defect, `unit-${string}`>;
  readonly title: string;
  readonly severity: Finding['severity'];
  readonly reference?: string;
  readonly detail: string;
}

/** What the text of a unit says of one matter. */
export interface ReadUnit {
  readonly found: readonly UnitDefect[];
  /** Why nobody knows the rest. */
  readonly unknown: readonly string[];
  /** What a person should know of it. */
  readonly told: readonly string[];
}
