import { PHASES, type Phase } from '../settings/settings.ts';
import { CATALOGUE, entryOf, sectionNameOf } from './catalogue.ts';

/** False for criteria of phases that were not asked for, and for exit criteria about those: they are no gap. */
export function inScope(id: string, asked: readonly Phase[]): boolean {
  // Without a phase of its own every run judges it.
  const phases = entryOf(id)?.phases ?? PHASES.filter((phase) => phase === sectionNameOf(id));
  return phases.length === 0 || phases.some((phase) => asked.includes(phase));
}

/** Criteria of the runbook that a run must pass to pass what it was asked for. */
export function requiredCriteria(asked: readonly Phase[]): readonly string[] {
  return CATALOGUE.map(({ id }) => id).filter((id) => inScope(id, asked));
}
